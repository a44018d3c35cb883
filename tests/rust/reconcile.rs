//! The rules by their numbers, the policies, and the laws.

use memberof::claim::{ClaimStatus, GroupClaim, Identity, key};
use memberof::reconcile::{
    Action, Change, Circumstances, DetachScope, GroupKind, Membership, OnAbsent, OnInternalMatch,
    OnMalformed, OnOverage, Plan, Reason, ReconcileError, SyncPolicy, UserState, reconcile,
};
use proptest::prelude::*;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

use GroupKind::{External, Internal};

fn claim(groups: &[&str]) -> GroupClaim {
    let groups: Vec<String> = groups.iter().map(|name| (*name).to_owned()).collect();
    let status = if groups.is_empty() { ClaimStatus::Empty } else { ClaimStatus::Present };
    GroupClaim {
        status,
        groups,
        attribute: Some("memberOf".into()),
        absence_proved: true,
        ..GroupClaim::default()
    }
}

fn absent() -> GroupClaim {
    GroupClaim { status: ClaimStatus::Absent, attribute: None, ..claim(&[]) }
}

fn state(groups: &[(&str, GroupKind)], memberships: &[&str]) -> UserState {
    state_with(groups, memberships, None, &[], &[])
}

fn state_with(
    groups: &[(&str, GroupKind)],
    memberships: &[&str],
    origin: Option<&str>,
    sole: &[&str],
    external: &[&str],
) -> UserState {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    UserState::new(
        None,
        groups.iter().map(|(name, kind)| ((*name).to_owned(), *kind)),
        owned(memberships).into_iter().map(|group| Membership { group, origin: origin.map(str::to_owned) }),
        owned(sole),
        owned(external),
    )
    .unwrap()
}

fn seen() -> Circumstances {
    Circumstances { attribute_seen: true, ..Circumstances::default() }
}

fn plan(claim: &GroupClaim, state: &UserState) -> Plan {
    plan_by(claim, state, &SyncPolicy::default())
}

fn plan_by(claim: &GroupClaim, state: &UserState, policy: &SyncPolicy) -> Plan {
    reconcile(claim, state, policy, &Circumstances::default()).unwrap()
}

fn names(plan: &Plan, action: Action) -> Vec<&str> {
    plan.names(action).collect()
}

fn held(plan: &Plan) -> Vec<(Action, &str, Reason)> {
    plan.held().iter().map(|change| (change.action, change.group.as_str(), change.reason)).collect()
}

#[test]
fn r5_groups_are_found_by_name_exactly() {
    let plan = plan(&claim(&["staff"]), &state(&[("Staff", External)], &["Staff"]));
    assert_eq!(names(&plan, Action::Create), ["staff"]);
    assert_eq!(names(&plan, Action::Detach), ["Staff"]);
}

#[test]
fn r6_a_name_that_no_group_has_is_created_and_the_user_attached() {
    let plan = plan(&claim(&["New"]), &state(&[], &[]));
    assert_eq!(names(&plan, Action::Create), ["New"]);
    assert_eq!(names(&plan, Action::Attach), ["New"]);
    assert!(plan.changes().iter().all(|change| change.reason == Reason::Received));
}

#[test]
fn r7_an_internal_group_of_a_received_name_is_adopted() {
    let at = [("Staff", Internal)];
    let outside = plan(&claim(&["Staff"]), &state(&at, &[]));
    assert_eq!(
        (names(&outside, Action::Adopt), names(&outside, Action::Attach)),
        (vec!["Staff"], vec!["Staff"])
    );
    let inside = plan(&claim(&["Staff"]), &state(&at, &["Staff"]));
    assert_eq!(names(&inside, Action::Adopt), ["Staff"]);
    assert_eq!(names(&inside, Action::Attach), [""; 0]);
    assert_eq!(inside.keep().iter().collect::<Vec<_>>(), ["Staff"]);
}

#[test]
fn r8_the_user_is_in_every_received_group_and_in_no_other_external_one() {
    let at = [("A", External), ("B", External), ("C", External)];
    let plan = plan(&claim(&["B", "C"]), &state(&at, &["A", "B"]));
    assert_eq!(names(&plan, Action::Attach), ["C"]);
    assert_eq!(names(&plan, Action::Detach), ["A"]);
    assert_eq!(plan.keep().iter().collect::<Vec<_>>(), ["B"]);
}

#[test]
fn r9_memberships_of_internal_groups_stay() {
    let plan = plan(&claim(&[]), &state(&[("Board", Internal), ("Old", External)], &["Board", "Old"]));
    assert_eq!(names(&plan, Action::Detach), ["Old"]);
    assert_eq!(plan.changes().len(), 1);
}

#[test]
fn r10_a_group_that_is_not_sent_again_is_lost() {
    let plan = plan(&claim(&["B"]), &state(&[("A", External), ("B", External)], &["A", "B"]));
    assert_eq!(
        plan.changes(),
        [Change { action: Action::Detach, group: "A".into(), reason: Reason::NotReceived }]
    );
}

#[test]
fn r13_left_out_groups_are_not_no_groups() {
    let overage = GroupClaim { status: ClaimStatus::Overage, ..claim(&[]) };
    let held_plan = plan(&overage, &state(&[("A", External)], &["A"]));
    assert!(held_plan.is_empty());
    assert_eq!(held(&held_plan), [(Action::Detach, "A", Reason::ClaimOverage)]);
    let policy = SyncPolicy { on_overage: OnOverage::Refuse, ..SyncPolicy::default() };
    let refused = reconcile(&overage, &state(&[], &[]), &policy, &seen()).unwrap_err();
    assert_eq!(refused.code(), "claim.overage");
}

#[test]
fn an_empty_claim_detaches_with_its_own_reason() {
    let plan = plan(&claim(&[]), &state(&[("A", External)], &["A"]));
    assert_eq!(plan.changes()[0].reason, Reason::ClaimEmpty);
}

#[test]
fn absence_detaches_only_where_the_attribute_was_seen() {
    let at = state(&[("A", External)], &["A"]);
    assert_eq!(held(&plan(&absent(), &at)), [(Action::Detach, "A", Reason::AbsentNotSeen)]);
    let after = reconcile(&absent(), &at, &SyncPolicy::default(), &seen()).unwrap();
    assert_eq!(after.changes()[0].reason, Reason::ClaimAbsent);
    assert_eq!(names(&after, Action::Detach), ["A"]);
}

#[test]
fn absence_has_four_policies() {
    let at = state(&[("A", External)], &["A"]);
    let by = |on_absent| SyncPolicy { on_absent, ..SyncPolicy::default() };
    assert_eq!(names(&plan_by(&absent(), &at, &by(OnAbsent::Detach)), Action::Detach), ["A"]);
    let keep = reconcile(&absent(), &at, &by(OnAbsent::Keep), &seen()).unwrap();
    assert_eq!(held(&keep), [(Action::Detach, "A", Reason::AbsentKept)]);
    let refused = reconcile(&absent(), &at, &by(OnAbsent::Refuse), &seen()).unwrap_err();
    assert_eq!(refused.code(), "claim.absent");
}

#[test]
fn absence_that_is_not_proved_holds_under_every_policy_that_detaches() {
    let at = state(&[("A", External)], &["A"]);
    let unproved = GroupClaim { absence_proved: false, ..absent() };
    for on_absent in [OnAbsent::DetachIfSeen, OnAbsent::Detach] {
        let policy = SyncPolicy { on_absent, ..SyncPolicy::default() };
        let plan = reconcile(&unproved, &at, &policy, &seen()).unwrap();
        assert_eq!(held(&plan), [(Action::Detach, "A", Reason::AbsentUnproved)]);
    }
}

#[test]
fn absence_counts_as_overage_from_three_quarters_of_the_limit() {
    let at = state(&[("A", External)], &["A"]);
    let near = GroupClaim { limit: Some(150), ..absent() };
    let with =
        |last| Circumstances { attribute_seen: true, last_received: Some(last), ..Circumstances::default() };
    let below = reconcile(&near, &at, &SyncPolicy::default(), &with(112)).unwrap();
    assert_eq!(names(&below, Action::Detach), ["A"]);
    let above = reconcile(&near, &at, &SyncPolicy::default(), &with(113)).unwrap();
    assert_eq!(held(&above), [(Action::Detach, "A", Reason::AbsentNearLimit)]);
    assert_eq!(above.status(), ClaimStatus::Overage);
}

#[test]
fn a_malformed_value_holds_every_detachment_and_nothing_else() {
    let partly = GroupClaim { malformed: vec!["cn=?".into()], ..claim(&["New"]) };
    let at = state(&[("Old", External)], &["Old"]);
    let plan = plan(&partly, &at);
    assert_eq!(names(&plan, Action::Attach), ["New"]);
    assert_eq!(held(&plan), [(Action::Detach, "Old", Reason::ClaimMalformed)]);
    let by = |on_malformed| SyncPolicy { on_malformed, ..SyncPolicy::default() };
    assert_eq!(names(&plan_by(&partly, &at, &by(OnMalformed::Ignore)), Action::Detach), ["Old"]);
    let refused = reconcile(&partly, &at, &by(OnMalformed::Refuse), &seen()).unwrap_err();
    assert_eq!(refused.code(), "claim.malformed");
}

#[test]
fn an_internal_group_that_is_refused_is_held_and_the_rest_goes_on() {
    let at = state(&[("Staff", Internal), ("Old", External)], &["Old"]);
    for (on_internal_match, warnings) in [(OnInternalMatch::Refuse, 1), (OnInternalMatch::Ignore, 0)] {
        let policy = SyncPolicy { on_internal_match, ..SyncPolicy::default() };
        let plan = plan_by(&claim(&["Staff", "New"]), &at, &policy);
        assert_eq!(names(&plan, Action::Attach), ["New"]);
        assert_eq!(names(&plan, Action::Detach), ["Old"]);
        let reason = Reason::InternalRefused;
        assert_eq!(held(&plan), [(Action::Adopt, "Staff", reason), (Action::Attach, "Staff", reason)]);
        assert_eq!(plan.warnings().len(), warnings);
    }
}

#[test]
fn adoption_can_be_bound_to_groups_without_strangers() {
    let policy =
        SyncPolicy { on_internal_match: OnInternalMatch::IfAllMembersExternal, ..SyncPolicy::default() };
    let at = state_with(&[("Ours", Internal), ("Mixed", Internal)], &[], None, &[], &["Ours"]);
    let plan = plan_by(&claim(&["Ours", "Mixed"]), &at, &policy);
    assert_eq!(names(&plan, Action::Adopt), ["Ours"]);
    assert_eq!(names(&plan, Action::Attach), ["Ours"]);
    assert!(plan.held().iter().all(|c| c.group == "Mixed" && c.reason == Reason::InternalHasStrangers));
}

#[test]
fn folded_names_find_the_group_as_it_is_spelt() {
    let policy = SyncPolicy { identity: Identity::Fold, ..SyncPolicy::default() };
    let at = state(&[("Staff", External)], &["Staff"]);
    let plan = plan_by(&claim(&["STAFF", "staff", "NEW", "new"]), &at, &policy);
    assert_eq!(plan.keep().iter().collect::<Vec<_>>(), ["Staff"]);
    assert_eq!(names(&plan, Action::Create), ["NEW"]);
    assert!(names(&plan, Action::Detach).is_empty());
}

#[test]
fn two_existing_groups_with_one_key_are_a_configuration_error() {
    let policy = SyncPolicy { identity: Identity::Fold, ..SyncPolicy::default() };
    let at = state(&[("Staff", External), ("STAFF", Internal)], &[]);
    let error = reconcile(&claim(&[]), &at, &policy, &seen()).unwrap_err();
    assert_eq!(error, ReconcileError::GroupKeyCollision { count: 1 });
}

#[test]
fn groups_are_created_within_bounds_or_not_at_all() {
    let at = state(&[], &[]);
    let by =
        |create_missing, max_creates| SyncPolicy { create_missing, max_creates, ..SyncPolicy::default() };
    let off = plan_by(&claim(&["A"]), &at, &by(false, None));
    assert!(off.is_empty());
    assert_eq!(held(&off)[0], (Action::Create, "A", Reason::CreateMissingOff));
    let within = plan_by(&claim(&["A", "B"]), &at, &by(true, Some(2)));
    assert_eq!(names(&within, Action::Create), ["A", "B"]);
    let beyond = plan_by(&claim(&["A", "B", "C"]), &at, &by(true, Some(2)));
    assert!(beyond.is_empty());
    assert_eq!(beyond.warnings()[0].code, "plan.max_creates");
}

#[test]
fn a_claim_beyond_max_groups_changes_nothing() {
    let policy = SyncPolicy { max_groups: Some(1), ..SyncPolicy::default() };
    let plan = plan_by(&claim(&["A", "B"]), &state(&[("A", External), ("Old", External)], &["Old"]), &policy);
    assert!(plan.is_empty());
    assert!(plan.held().iter().all(|change| change.reason == Reason::MaxGroups));
    assert_eq!(plan.held().len(), 4);
}

#[test]
fn protected_groups_are_never_touched() {
    let policy = SyncPolicy {
        protected: ["New", "Inner", "Outer", "Had"].map(String::from).into(),
        ..SyncPolicy::default()
    };
    let at = state(&[("Inner", Internal), ("Outer", External), ("Had", External)], &["Had"]);
    let plan = plan_by(&claim(&["New", "Inner", "Outer"]), &at, &policy);
    assert!(plan.is_empty());
    assert!(plan.held().iter().all(|change| change.reason == Reason::Protected));
    assert_eq!(plan.held().len(), 6);
}

#[test]
fn a_last_member_stays() {
    let policy =
        SyncPolicy { last_member_of: ["Admins", "Others"].map(String::from).into(), ..SyncPolicy::default() };
    let groups = [("Admins", External), ("Others", External)];
    let at = state_with(&groups, &["Admins", "Others"], None, &["Admins"], &[]);
    let plan = plan_by(&claim(&[]), &at, &policy);
    assert_eq!(names(&plan, Action::Detach), ["Others"]);
    assert_eq!(held(&plan), [(Action::Detach, "Admins", Reason::LastMember)]);
}

#[test]
fn a_user_in_no_required_group_is_refused() {
    let policy = SyncPolicy { required_groups: ["App".to_owned()].into(), ..SyncPolicy::default() };
    let at = state(&[("App", External)], &["App"]);
    let of = |claim: &GroupClaim, state: &UserState| reconcile(claim, state, &policy, &seen());
    assert_eq!(of(&claim(&["Other"]), &at).unwrap_err().code(), "claim.required_group");
    assert!(of(&claim(&["App"]), &state(&[], &[])).is_ok());
    let overage = GroupClaim { status: ClaimStatus::Overage, ..claim(&[]) };
    assert!(of(&overage, &at).is_ok(), "what was not said does not lock anybody out");
    assert!(of(&overage, &state(&[], &[])).is_err());
    assert!(of(&claim(&[]), &state(&[("App", Internal)], &["App"])).is_ok(), "R9");
}

#[test]
fn own_memberships_leaves_manual_ones() {
    let policy = SyncPolicy { detach_scope: DetachScope::OwnMemberships, ..SyncPolicy::default() };
    let groups = [("A", External)];
    let manual = state(&groups, &["A"]);
    assert!(plan_by(&claim(&[]), &manual, &policy).is_empty());
    let own = state_with(&groups, &["A"], Some("https://idp.example"), &[], &[]);
    assert_eq!(names(&plan_by(&claim(&[]), &own, &policy), Action::Detach), ["A"]);
}

#[test]
fn held_detachments_say_who_holds_them() {
    let at = state(&[("A", External)], &["A"]);
    for reason in Reason::ALL.into_iter().filter(|reason| reason.may_hold_detachments()) {
        let hold = Circumstances { hold_detachments: Some(reason), ..seen() };
        let plan = reconcile(&claim(&["B"]), &at, &SyncPolicy::default(), &hold).unwrap();
        assert_eq!(held(&plan), [(Action::Detach, "A", reason)]);
        assert_eq!(names(&plan, Action::Attach), ["B"]);
    }
}

#[test]
fn cautious_adopts_nothing_keeps_on_absence_and_leaves_manual_memberships() {
    let policy = SyncPolicy::cautious();
    let at = state(&[("Inner", Internal), ("Outer", External)], &["Outer"]);
    let plan = plan_by(&claim(&["Inner"]), &at, &policy);
    assert!(plan.is_empty());
    assert_eq!(policy.on_absent, OnAbsent::Keep);
}

#[test]
fn an_edited_plan_is_no_plan() {
    let plan = plan(&claim(&["A"]), &state(&[], &[]));
    let edited = plan.to_json().replace("\"group\":\"A\"", "\"group\":\"Admins\"");
    assert_eq!(Plan::from_json(&edited).unwrap_err().code(), "plan.fingerprint");
    assert_eq!(Plan::from_json("{}").unwrap_err().code(), "plan.syntax");
    assert_eq!(Plan::from_json("[").unwrap_err().code(), "plan.syntax");
    let typed = plan.to_json().replace("\"malformed\":0", "\"malformed\":\"Board\"");
    assert!(!Plan::from_json(&typed).unwrap_err().to_string().contains("Board"));
}

#[test]
fn the_state_fingerprint_sees_what_the_plan_depends_on_and_nothing_else() {
    let print = |at: &UserState| plan(&claim(&["A"]), at).state_fingerprint().to_owned();
    let base = state(&[("A", External), ("B", External)], &["B"]);
    assert_eq!(print(&base), print(&state(&[("A", External), ("B", External), ("Z", Internal)], &["B"])));
    for other in [
        state(&[("A", Internal), ("B", External)], &["B"]),
        state(&[("A", External), ("B", External)], &["A", "B"]),
        state(&[("A", External), ("B", External)], &[]),
        state(&[("B", External)], &["B"]),
        state_with(&[("A", External), ("B", External)], &["B"], Some("idp"), &[], &[]),
        state_with(&[("A", External), ("B", External)], &["B"], None, &["B"], &[]),
    ] {
        assert_ne!(print(&base), print(&other), "{other:?}");
    }
}

#[test]
fn a_policy_reports_all_its_mistakes_at_once() {
    let value =
        json!({"on_absent": "maybe", "max_creates": -1, "protected": "Admins", "onabsent": 1, "x": 2});
    let ReconcileError::Policy { problems } = SyncPolicy::from_value(&value).unwrap_err() else { panic!() };
    assert_eq!(problems.len(), 5);
    assert!(problems.iter().any(|problem| problem.contains("did you mean on_absent?")));
    assert_eq!(SyncPolicy::from_value(&json!({})).unwrap(), SyncPolicy::default());
}

#[test]
fn explain_says_every_line_of_the_plan() {
    let at = state(&[("Staff", Internal), ("Old", External), ("Here", External)], &["Old", "Here"]);
    let partly = GroupClaim { malformed: vec!["?".into()], ..claim(&["New", "Staff", "Here"]) };
    let text = plan(&partly, &at).explain();
    assert_eq!(
        text,
        "The identity provider sent 3 groups and 1 value that cannot be read: 4 changes, 1 held.\n\
        \x20 creates the external group \"New\": the identity provider sent it\n\
        \x20 makes the internal group \"Staff\" external: the identity provider sent it\n\
        \x20 puts the user into \"New\": the identity provider sent it\n\
        \x20 puts the user into \"Staff\": the identity provider sent it\n\
        \x20 held: taking the user out of \"Old\": a received value cannot be read under the configured format, and it may be this group\n\
        \x20 keeps the user in \"Here\": received, and already a member\n"
    );
}

#[test]
fn the_words_of_reasons_and_actions_are_those_of_serde() {
    for reason in Reason::ALL {
        assert_eq!(serde_json::to_value(reason).unwrap(), json!(reason.word()));
    }
    for action in Action::ALL {
        assert_eq!(serde_json::to_value(action).unwrap(), json!(action.word()));
    }
}

// The laws.

/// A tenant as a plain model: kinds of groups, and members of each.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct World {
    groups: BTreeMap<String, GroupKind>,
    members: BTreeSet<(String, String)>,
}

impl World {
    fn state(&self, user: &str) -> UserState {
        let of_user = self.members.iter().filter(|(member, _)| member == user);
        UserState::new(
            Some(user.to_owned()),
            self.groups.clone(),
            of_user.map(|(_, group)| Membership { group: group.clone(), origin: None }),
            [],
            [],
        )
        .unwrap()
    }

    fn apply(&mut self, user: &str, plan: &Plan) {
        for change in plan.changes() {
            let membership = (user.to_owned(), change.group.clone());
            match change.action {
                Action::Create => assert_eq!(self.groups.insert(change.group.clone(), External), None),
                Action::Adopt => {
                    assert_eq!(self.groups.insert(change.group.clone(), External), Some(Internal));
                }
                Action::Attach => assert!(self.members.insert(membership)),
                Action::Detach => assert!(self.members.remove(&membership)),
            }
        }
    }

    fn external_groups(&self, user: &str) -> BTreeSet<String> {
        let is_external = |group: &String| self.groups.get(group) == Some(&External);
        let of_user = self.members.iter().filter(|(member, group)| member == user && is_external(group));
        of_user.map(|(_, group)| group.clone()).collect()
    }

    fn login(&mut self, user: &str, claim: &GroupClaim) {
        let plan = plan(claim, &self.state(user));
        self.apply(user, &plan);
    }
}

/// All at once, by the rules alone: what any claim names is external, and its users' external groups are their claims.
fn world_after_all(before: &World, claims: &[GroupClaim]) -> World {
    let received: BTreeSet<&String> = claims.iter().flat_map(|claim| &claim.groups).collect();
    let mut groups = before.groups.clone();
    groups.extend(received.into_iter().map(|name| (name.clone(), External)));
    let stays = |place: &&(String, String)| groups.get(&place.1) == Some(&Internal);
    let mut members: BTreeSet<_> = before.members.iter().filter(stays).cloned().collect();
    for (user, claim) in USERS.iter().zip(claims) {
        members.extend(claim.groups.iter().map(|group| ((*user).to_owned(), group.clone())));
    }
    World { groups, members }
}

const USERS: [&str; 3] = ["ada", "bob", "eve"];

fn group_name() -> impl Strategy<Value = String> {
    proptest::sample::select(vec!["A", "B", "C", "D", "é", "Zeta, Ltd"]).prop_map(str::to_owned)
}

fn world() -> impl Strategy<Value = World> {
    let kinds = proptest::bool::ANY.prop_map(|internal| if internal { Internal } else { External });
    proptest::collection::btree_map(group_name(), kinds, 0..6).prop_flat_map(|groups| {
        let pairs: Vec<(String, String)> = USERS
            .iter()
            .flat_map(|user| groups.keys().map(|group| ((*user).to_owned(), group.clone())))
            .collect();
        let count = pairs.len();
        proptest::sample::subsequence(pairs, 0..=count)
            .prop_map(move |members| World { groups: groups.clone(), members: members.into_iter().collect() })
    })
}

fn some_claim() -> impl Strategy<Value = GroupClaim> {
    let groups = proptest::collection::btree_set(group_name(), 0..6);
    (groups, 0..6u8, 0..3usize, any::<bool>()).prop_map(|(groups, status, malformed, absence_proved)| {
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        let base = claim(&groups);
        match status {
            0 => GroupClaim { absence_proved, ..absent() },
            1 => GroupClaim { status: ClaimStatus::Overage, ..base },
            2 => GroupClaim { status: ClaimStatus::Present, malformed: vec!["?".into(); malformed], ..base },
            _ => base,
        }
    })
}

fn policy() -> impl Strategy<Value = SyncPolicy> {
    let names = || proptest::collection::btree_set(group_name(), 0..2);
    let choices = (
        proptest::sample::select(vec![OnAbsent::DetachIfSeen, OnAbsent::Detach, OnAbsent::Keep]),
        proptest::sample::select(vec![OnMalformed::Hold, OnMalformed::Ignore]),
        proptest::sample::select(vec![
            OnInternalMatch::Adopt,
            OnInternalMatch::Refuse,
            OnInternalMatch::Ignore,
            OnInternalMatch::IfAllMembersExternal,
        ]),
        proptest::sample::select(vec![DetachScope::ExternalGroups, DetachScope::OwnMemberships]),
    );
    let bounds = (any::<bool>(), proptest::option::of(0..3usize), proptest::option::of(0..4usize));
    (choices, bounds, names(), names()).prop_map(|(choices, bounds, protected, last_member_of)| SyncPolicy {
        on_absent: choices.0,
        on_malformed: choices.1,
        on_internal_match: choices.2,
        detach_scope: choices.3,
        create_missing: bounds.0,
        max_creates: bounds.1,
        max_groups: bounds.2,
        protected,
        last_member_of,
        ..SyncPolicy::default()
    })
}

proptest! {
    #[test]
    fn law_a_plan_applied_twice_changes_nothing_the_second_time(
        world in world(), claim in some_claim(), policy in policy()
    ) {
        let mut world = world;
        let first = reconcile(&claim, &world.state("ada"), &policy, &seen()).unwrap();
        world.apply("ada", &first);
        let second = reconcile(&claim, &world.state("ada"), &policy, &seen()).unwrap();
        prop_assert!(second.is_empty(), "{second:?}");
    }

    #[test]
    fn law_the_order_of_values_is_irrelevant(world in world(), claim in some_claim(), policy in policy()) {
        let mut turned = claim.clone();
        turned.groups.reverse();
        let at = world.state("ada");
        let one = reconcile(&claim, &at, &policy, &seen()).unwrap();
        let other = reconcile(&turned, &at, &policy, &seen()).unwrap();
        prop_assert_eq!((one.changes(), one.held(), one.keep()), (other.changes(), other.held(), other.keep()));
    }

    #[test]
    fn law_internal_memberships_never_change_but_for_adoption(
        world in world(), claim in some_claim(), policy in policy()
    ) {
        let plan = reconcile(&claim, &world.state("ada"), &policy, &seen()).unwrap();
        for change in plan.changes() {
            if world.groups.get(&change.group) == Some(&Internal) {
                prop_assert_ne!(change.action, Action::Detach);
                prop_assert!(plan.names(Action::Adopt).any(|name| name == change.group));
            }
        }
    }

    #[test]
    fn law_after_a_complete_claim_the_external_groups_are_exactly_its_own(world in world(), claim in some_claim()) {
        prop_assume!(claim.complete());
        let mut world = world;
        world.login("ada", &claim);
        prop_assert_eq!(world.external_groups("ada"), claim.groups.into_iter().collect());
    }

    #[test]
    fn law_no_guarded_change_is_made(world in world(), claim in some_claim(), policy in policy()) {
        let plan = reconcile(&claim, &world.state("ada"), &policy, &seen()).unwrap();
        prop_assert!(plan.changes().iter().all(|change| !policy.protected.contains(&change.group)));
        let also_made = |held: &Change| {
            plan.changes().iter().any(|made| made.action == held.action && made.group == held.group)
        };
        prop_assert!(!plan.held().iter().any(also_made));
        let attach: BTreeSet<_> = plan.names(Action::Attach).collect();
        prop_assert!(plan.names(Action::Create).all(|name| attach.contains(name)));
        prop_assert!(plan.names(Action::Adopt).all(|name| attach.contains(name) || plan.keep().contains(name)));
        if !claim.complete() && policy.on_malformed == OnMalformed::Hold && claim.status == ClaimStatus::Present {
            prop_assert_eq!(plan.names(Action::Detach).count(), 0);
        }
        if claim.status == ClaimStatus::Overage {
            prop_assert!(plan.is_empty());
        }
    }

    #[test]
    fn law_no_other_membership_changes_in_a_login(world in world(), claim in some_claim()) {
        let mut after = world.clone();
        after.login("ada", &claim);
        let others = |world: &World| -> BTreeSet<_> {
            world.members.iter().filter(|(user, _)| user != "ada").cloned().collect()
        };
        prop_assert_eq!(others(&world), others(&after));
    }

    #[test]
    fn law_two_rounds_of_logins_in_any_order_reach_the_state_of_one_bulk_reconciliation(
        world in world(),
        claims in proptest::collection::vec(some_claim().prop_filter("complete", GroupClaim::complete), 3),
        order in Just(vec![0usize, 1, 2]).prop_shuffle(),
        second in Just(vec![0usize, 1, 2]).prop_shuffle(),
    ) {
        let mut one = world.clone();
        let mut other = world;
        for index in [0, 1, 2, 0, 1, 2] {
            one.login(USERS[index], &claims[index]);
        }
        let bulk = world_after_all(&other, &claims);
        for index in order.into_iter().chain(second) {
            other.login(USERS[index], &claims[index]);
        }
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(one, bulk);
    }

    #[test]
    fn law_a_plan_is_a_pure_function_of_its_inputs(
        world in world(), claim in some_claim(), policy in policy()
    ) {
        let plan = || reconcile(&claim.clone(), &world.clone().state("ada"), &policy.clone(), &seen());
        prop_assert_eq!(plan(), plan());
    }

    #[test]
    fn law_a_plan_survives_json(world in world(), claim in some_claim(), policy in policy()) {
        let plan = reconcile(&claim, &world.state("ada"), &policy, &seen()).unwrap();
        prop_assert_eq!(Plan::from_json(&plan.to_json()).unwrap(), plan);
    }

    #[test]
    fn law_a_policy_survives_json(policy in policy()) {
        let value = serde_json::to_value(&policy).unwrap();
        prop_assert_eq!(SyncPolicy::from_value(&value).unwrap(), policy);
    }

    #[test]
    fn law_names_are_found_by_key(name in "\\PC{0,12}") {
        let received = claim(&[&name]);
        let policy = SyncPolicy { identity: Identity::Fold, ..SyncPolicy::default() };
        let at = state(&[(&name.to_uppercase(), External)], &[]);
        let folds = key(&name, Identity::Fold) == key(&name.to_uppercase(), Identity::Fold);
        let plan = plan_by(&received, &at, &policy);
        prop_assert_eq!(plan.names(Action::Create).count() == 0, folds);
    }
}
