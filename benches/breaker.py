"""The circuit breaker, simulated: who loses groups before it trips, and what it takes for a break that is none.

The breaker is the one that ships; only logins are simulated, so that a year of an organisation passes in seconds
(``tests/python/test_breaker.py`` holds the simulation to the real ``GroupSync``). Writes the figures of
``docs/explanation/breaker.md`` and its plot.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter, OrderedDict, defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from memberof.breaker import Breaker, Loss
from memberof.store import BreakerWindow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Organisation = dict[str, frozenset[str]]
    Login = tuple[float, str, frozenset[str]]
    Break = Callable[[frozenset[str]], frozenset[str]]

ROOT = Path(__file__).parent.parent
DATA = ROOT / "tests" / "data" / "kubernetes-org"
PAGE = ROOT / "docs" / "explanation" / "breaker.md"
HOUR, DAY = 3600.0, 86400.0
NOBODY: frozenset[str] = frozenset()


# Organisations


def kubernetes(name: str) -> Organisation:
    """A real organisation, ``before`` and ``after`` a year: user → groups."""
    groups: dict[str, set[str]] = defaultdict(set)
    with (DATA / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            groups[row["user"]].add(row["group"])
    return {user: frozenset(names) for user, names in groups.items()}


def part_of_kubernetes(size: int, random: Random) -> Organisation:
    organisation = kubernetes("before")
    return {user: organisation[user] for user in random.sample(sorted(organisation), size)}


def synthetic(size: int, random: Random) -> Organisation:
    """Everybody, departments of 60, teams of 9, and roles: about 4.2 groups a user."""
    departments, teams, roles = max(2, size // 60), max(3, size // 9), max(4, size // 25)
    organisation = {}
    for number in range(size):
        team = random.randrange(teams)
        groups = {"Everybody", f"Department {team % departments}", f"Team {team}"}
        while random.random() < 0.55:
            groups.add(f"Role {int(roles * random.random() ** 2)}")
        organisation[f"user{number}"] = frozenset(groups)
    return organisation


# What identity providers do when a rule breaks


def all_gone(_organisation: Organisation, _random: Random) -> Break:
    return lambda _groups: NOBODY


def half_gone(organisation: Organisation, random: Random) -> Break:
    names = sorted({name for groups in organisation.values() for name in groups})
    gone = frozenset(random.sample(names, len(names) // 2))
    return lambda groups: groups - gone


def one_big_gone(organisation: Organisation, _random: Random) -> Break:
    sizes = Counter(name for groups in organisation.values() for name in groups)
    gone = frozenset([sizes.most_common(1)[0][0]])
    return lambda groups: groups - gone


def all_renamed(_organisation: Organisation, _random: Random) -> Break:
    return lambda groups: frozenset(f"corp.example/{name}" for name in groups)


BREAKS = {
    "all groups gone, or the attribute renamed": all_gone,
    "half of the groups gone": half_gone,
    "the biggest group gone": one_big_gone,
    "every name changed": all_renamed,
}


# Logins


def sign_ins(
    users: Iterable[str], first_day: int, days: int, random: Random, share: float = 0.6
) -> Iterator[tuple[float, str]]:
    """When users sign in: once on a working day, about 9:30, a ``share`` of them; few on days 5 and 6 of a week."""
    everybody = list(users)
    for day in range(first_day, first_day + days):
        today = share if day % 7 < 5 else 0.05
        hours = (
            (min(max(random.gauss(9.5, 2), 0), 23.9), user) for user in everybody if random.random() < today
        )
        for hour, user in sorted(hours):
            yield day * DAY + hour * HOUR, user


def broken(
    organisation: Organisation, what: Break, at: float, random: Random, share: float
) -> Iterator[Login]:
    """A day as always, then the rule breaks at a time, and nobody repairs it for a week."""
    for time, user in sign_ins(sorted(organisation), int(at // DAY) - 1, 8, random, share):
        groups = organisation[user]
        yield time, user, what(groups) if time >= at else groups


def a_year(
    before: Organisation, after: Organisation, random: Random, *, in_one_day: bool = False
) -> Iterator[Login]:
    """All changes between two states of an organisation; all of one group on one day."""
    users = sorted({*before, *after})
    days: dict[str, int] = {}
    changes = []
    for user in users:
        for group in sorted(before.get(user, NOBODY) ^ after.get(user, NOBODY)):
            day = 1 if in_one_day else days.setdefault(group, random.randrange(52) * 7 + random.randrange(5))
            changes.append((day * DAY, user, group))
    changes.sort(reverse=True)
    now = {user: set(before.get(user, NOBODY)) for user in users}
    for time, user in sign_ins(users, 0, 14 if in_one_day else 365, random):
        while changes and changes[-1][0] <= time:
            _, whose, group = changes.pop()
            now[whose] ^= {group}
        yield time, user, frozenset(now[user])


def churn(organisation: Organisation, days: int, random: Random) -> Iterator[Login]:
    """On every working day one user in 130 changes team and department, and one in 2,600 leaves."""
    now = dict(organisation)
    users = sorted(organisation)
    teams, departments = max(3, len(users) // 9), max(2, len(users) // 60)
    today = 0
    for time, user in sign_ins(users, 0, days, random):
        if int(time // DAY) > today:
            today = int(time // DAY)
            weekday = today % 7 < 5
            for moved in random.sample(users, int(len(users) / 130 + random.random()) * weekday):
                kept = {name for name in now[moved] if not name.startswith(("Team", "Department"))}
                team = random.randrange(teams)
                now[moved] = frozenset({*kept, f"Team {team}", f"Department {team % departments}"})
            for gone in random.sample(users, int(len(users) / 2600 + random.random()) * weekday):
                now[gone] = NOBODY
        yield time, user, now[user]


def moved(
    organisation: Organisation, share: float, days: int, random: Random, *, leave: bool = False
) -> Iterator[Login]:
    """A share of the users gets the groups of others, or none, within some days."""
    users = sorted(organisation)
    when = {user: 7 + random.randrange(days) for user in random.sample(users, round(len(users) * share))}
    then = {user: NOBODY if leave else organisation[random.choice(users)] for user in when}
    for time, user in sign_ins(users, 0, 21, random):
        is_moved = user in when and time >= when[user] * DAY
        yield time, user, then[user] if is_moved else organisation[user]


# The breaker at work


@dataclass(slots=True)
class Mark:
    """What :class:`memberof.records.UserMark` remembers for the breaker."""

    login_at: float
    before: int
    lost: int = 0
    emptied: bool = False
    loss_at: float | None = None


@dataclass
class Tenant:
    """An application's groups, and its breaker; ``losers`` are the users who lost anything, until it tripped."""

    breaker: Breaker
    groups: Organisation = field(default_factory=dict)
    marks: OrderedDict[str, Mark] = field(default_factory=OrderedDict)
    losers: set[str] = field(default_factory=set)
    tripped: bool = False

    def run(self, logins: Iterable[Login]) -> Tenant:
        """Sign in until it trips."""
        for time, user, groups in logins:
            self.login(time, user, groups)
            if self.tripped:
                break
        return self

    def login(self, time: float, user: str, sent: frozenset[str]) -> None:
        held = self.groups.get(user, NOBODY)
        since = time - self.breaker.window.total_seconds()
        mark = self._opened(user, time, len(held), since)
        loss = Loss(before=len(held), lost=len(held - sent), emptied=bool(held) and not sent)
        if loss.lost:
            if self.breaker.judge(self._window(since), loss):
                self.tripped = True
                sent |= held
            else:
                self.losers.add(user)
                mark.before = max(mark.before, loss.before)
                mark.lost = min(mark.lost + loss.lost, mark.before)
                mark.emptied, mark.loss_at = mark.emptied or loss.emptied, time
        self.groups[user] = sent
        self.marks[user] = mark

    def _opened(self, user: str, time: float, held: int, since: float) -> Mark:
        mark = self.marks.pop(user, None)
        if mark is None:
            return Mark(time, held)
        mark.login_at = time
        if mark.loss_at is not None and mark.loss_at >= since:
            mark.before = max(mark.before, held)
        else:
            mark.before, mark.lost, mark.emptied = held, 0, False
        return mark

    def _window(self, since: float) -> BreakerWindow:
        users = memberships = losers = lost = emptied = 0
        for mark in reversed(self.marks.values()):
            if mark.login_at < since or users == self.breaker.window_users:
                break
            if mark.before:
                users, memberships = users + 1, memberships + mark.before
                if mark.loss_at is not None and mark.loss_at >= since:
                    losers, lost, emptied = losers + 1, lost + mark.lost, emptied + mark.emptied
        return BreakerWindow(users=users, memberships=memberships, losers=losers, lost=lost, emptied=emptied)


# Monday at night, when the window of a day is empty; and in the middle of Wednesday, when it is full.
MOMENTS = (7 * DAY + 2 * HOUR, 9 * DAY + 11 * HOUR)


def losers(breaker: Breaker, make: Callable[[Random], Organisation], what: str, runs: int) -> int:
    """The most users that lose anything before it trips, over runs with few and with nearly all users a day."""
    worst = 0
    for run in range(runs):
        random = Random(run)
        organisation = make(random)
        how = BREAKS[what](organisation, random)
        for moment in MOMENTS:
            logins = broken(organisation, how, moment, random, 0.6 if run % 2 else 0.95)
            tenant = Tenant(breaker, dict(organisation)).run(logins)
            worst = max(worst, len(tenant.losers) if tenant.tripped else len(organisation))
    return worst


def trips(breaker: Breaker, make: Callable[[Random], tuple[Organisation, Iterator[Login]]], runs: int) -> str:
    """How many of some runs trip."""
    tripped = 0
    for run in range(runs):
        organisation, logins = make(Random(run))
        tripped += Tenant(breaker, dict(organisation)).run(logins).tripped
    return f"{tripped} of {runs}"


def broken_table(breaker: Breaker) -> list[str]:
    organisations: dict[str, tuple[Callable[[Random], Organisation], int]] = {
        "kubernetes, 50": (lambda random: part_of_kubernetes(50, random), 20),
        "synthetic, 50": (lambda random: synthetic(50, random), 20),
        "kubernetes, 1,000": (lambda random: part_of_kubernetes(1000, random), 10),
        "synthetic, 1,000": (lambda random: synthetic(1000, random), 10),
        "synthetic, 100,000": (lambda random: synthetic(100_000, random), 2),
    }
    lines = ["| what broke | " + " | ".join(organisations) + " |", "|---|" + "---:|" * len(organisations)]
    for what in BREAKS:
        cells = [str(losers(breaker, make, what, runs)) for make, runs in organisations.values()]
        lines.append(f"| {what} | " + " | ".join(cells) + " |")
    return lines


def peaceful_table(breaker: Breaker) -> list[str]:
    before, after = kubernetes("before"), kubernetes("after")

    def small(size: int) -> Callable[[Random], Organisation]:
        return lambda random: synthetic(size, random)

    def of(
        make: Callable[[Random], Organisation], logins: Callable[[Organisation, Random], Iterator[Login]]
    ) -> Callable[[Random], tuple[Organisation, Iterator[Login]]]:
        def made(random: Random) -> tuple[Organisation, Iterator[Login]]:
            organisation = make(random)
            return organisation, logins(organisation, random)

        return made

    wide = replace(breaker, window_users=200)
    rows: list[tuple[str, str]] = [
        ("kubernetes, its year", trips(breaker, of(lambda _: before, lambda o, r: a_year(o, after, r)), 10)),
        (
            "kubernetes, all changes of its year in one day",
            trips(breaker, of(lambda _: before, lambda o, r: a_year(o, after, r, in_one_day=True)), 50),
        ),
        (
            "synthetic, 50 users: a year of churn",
            trips(breaker, of(small(50), lambda o, r: churn(o, 365, r)), 20),
        ),
        (
            "synthetic, 1,000: a year of churn",
            trips(breaker, of(small(1000), lambda o, r: churn(o, 365, r)), 5),
        ),
        (
            "synthetic, 100,000: two weeks of churn",
            trips(breaker, of(small(100_000), lambda o, r: churn(o, 14, r)), 1),
        ),
    ]
    for share, days, leave, text in (
        (0.05, 1, False, "5 % of the users get other groups, in one day"),
        (0.1, 1, False, "10 % get other groups, in one day"),
        (0.2, 5, False, "20 % get other groups, in a week"),
        (0.03, 1, True, "3 % lose all groups, in one day"),
        (0.1, 1, True, "10 % lose all groups, in one day"),
    ):
        make = of(small(1000), lambda o, r, s=share, d=days, gone=leave: moved(o, s, d, r, leave=gone))  # type: ignore[misc]
        rows.append((f"synthetic, 1,000: {text}", trips(breaker, make, 20)))
    big = of(small(100_000), lambda o, r: moved(o, 0.1, 1, r))
    rows.append(("synthetic, 100,000: 10 % get other groups, in one day", trips(breaker, big, 2)))
    rows.append(("the same with `window_users=200`", trips(wide, big, 2)))
    return ["| what happened | trips |", "|---|---:|", *(f"| {text} | {cell} |" for text, cell in rows)]


def plot(breaker: Breaker, path: Path) -> None:
    """Against the size of the window: users who lose before it trips, and trips over a year's changes in one day."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "memberof"
    from matplotlib import pyplot

    before, after = kubernetes("before"), kubernetes("after")
    sizes = (15, 20, 25, 30, 35, 40, 50, 60, 80, 100)
    worst, false = [], []
    for size in sizes:
        at = replace(breaker, window_users=size)
        worst.append(max(losers(at, lambda r: part_of_kubernetes(1000, r), what, 4) for what in BREAKS))
        found = trips(at, lambda r: (before, a_year(before, after, r, in_one_day=True)), 30)
        false.append(int(found.split()[0]) / 30 * 100)
    figure, left = pyplot.subplots(figsize=(7, 3.6), layout="constrained")
    right = left.twinx()
    left.plot(
        sizes,
        worst,
        "o-",
        color="#1f4e9c",
        label="broken rule: users who lose anything before the trip, at most",
    )
    right.plot(
        sizes, false, "s--", color="#b3541e", label="no break: a year's changes in one day that trip, %"
    )
    left.axvline(breaker.window_users, color="#777777", linewidth=1, linestyle=":")
    left.annotate(
        "default", (breaker.window_users, 1), xytext=(4, 0), textcoords="offset points", color="#555555"
    )
    left.set_xlabel("window_users")
    left.set_ylabel("users")
    right.set_ylabel("% of runs")
    left.set_ylim(0, max(worst) * 1.35)
    right.set_ylim(0, 135)
    left.grid(visible=True, alpha=0.25)
    lines = [*left.get_lines()[:1], *right.get_lines()]
    left.legend(
        lines, [str(line.get_label()) for line in lines], loc="upper center", frameon=False, fontsize=8
    )
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    breaker = Breaker()
    tables = {"broken": broken_table(breaker), "peaceful": peaceful_table(breaker)}
    page = PAGE.read_text(encoding="utf-8")
    for name, lines in tables.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        head, rest = page.split(begin)
        page = head + begin + "\n".join(["", *lines, "", ""]) + end + rest.split(end)[1]
        sys.stdout.write("\n".join(["", *lines, ""]))
    PAGE.write_text(page, encoding="utf-8")
    plot(breaker, PAGE.with_suffix(".svg"))


if __name__ == "__main__":
    main()
