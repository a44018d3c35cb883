//! A plan in words, for the administrator who asks what happened.

use super::{Action, Change, Plan, Reason};
use crate::claim::ClaimStatus;
use std::fmt::Write as _;

impl Plan {
    /// The plan as text, one line a change: what, and why. It holds names of groups, so it is for administrators.
    #[must_use]
    pub fn explain(&self) -> String {
        let mut text = format!("{}\n", headline(self));
        for change in self.changes() {
            let _ = writeln!(text, "  {}: {}", deed(change), why(change.reason));
        }
        for change in self.held() {
            let _ = writeln!(text, "  held: {}: {}", would(change), why(change.reason));
        }
        for name in self.keep() {
            let _ = writeln!(text, "  keeps the user in {name:?}: received, and already a member");
        }
        for warning in self.warnings() {
            let _ = writeln!(text, "  warning: {} [{}]", warning.message, warning.code);
        }
        text
    }
}

fn headline(plan: &Plan) -> String {
    let claim = match plan.status() {
        ClaimStatus::Present => {
            format!("The identity provider sent {}", count(plan.received().len(), "group"))
        }
        ClaimStatus::Empty => "The identity provider sent the attribute without a group".to_owned(),
        ClaimStatus::Absent => "The identity provider did not send the attribute".to_owned(),
        ClaimStatus::Overage => "The identity provider left the groups out, there are too many".to_owned(),
    };
    let unread = match plan.malformed() {
        0 => String::new(),
        some => format!(" and {} that cannot be read", count(some, "value")),
    };
    let held = match plan.held().len() {
        0 => String::new(),
        some => format!(", {some} held"),
    };
    let changes = match plan.changes().len() {
        0 => "nothing changes".to_owned(),
        some => count(some, "change"),
    };
    format!("{claim}{unread}: {changes}{held}.")
}

pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn deed(change: &Change) -> String {
    let name = &change.group;
    match change.action {
        Action::Create => format!("creates the external group {name:?}"),
        Action::Adopt => format!("makes the internal group {name:?} external"),
        Action::Attach => format!("puts the user into {name:?}"),
        Action::Detach => format!("takes the user out of {name:?}"),
    }
}

fn would(change: &Change) -> String {
    let name = &change.group;
    match change.action {
        Action::Create => format!("creating the external group {name:?}"),
        Action::Adopt => format!("making the internal group {name:?} external"),
        Action::Attach => format!("putting the user into {name:?}"),
        Action::Detach => format!("taking the user out of {name:?}"),
    }
}

fn why(reason: Reason) -> &'static str {
    match reason {
        Reason::Received => "the identity provider sent it",
        Reason::NotReceived => "the identity provider sent other groups and not this one",
        Reason::ClaimEmpty => "the identity provider sent no groups",
        Reason::ClaimAbsent => {
            "the identity provider did not send the attribute, which means no groups by on_absent"
        }
        Reason::ClaimMalformed => {
            "a received value cannot be read under the configured format, and it may be this group"
        }
        Reason::ClaimOverage => "the identity provider said that it left the groups out",
        Reason::AbsentKept => "the identity provider did not send the attribute, and on_absent is \"keep\"",
        Reason::AbsentNotSeen => {
            "the identity provider has never sent the attribute for anybody: it may not be configured yet"
        }
        Reason::AbsentUnproved => {
            "the attribute is missing, but the SAML library in front may have dropped it"
        }
        Reason::AbsentNearLimit => {
            "the attribute is missing, and the last login came near the identity provider's limit on groups"
        }
        Reason::InternalRefused => "the group is internal, and on_internal_match does not adopt it",
        Reason::InternalHasStrangers => {
            "the group is internal, and has members who never signed in from this identity provider"
        }
        Reason::CreateMissingOff => "no group has this name, and create_missing is off",
        Reason::MaxCreates => "the login would create more groups than max_creates, so it creates none",
        Reason::MaxGroups => "the identity provider sent more groups than max_groups, so nothing is changed",
        Reason::Protected => "the group is protected: no login changes it",
        Reason::LastMember => "the user is its last member, and last_member_of keeps one",
        Reason::AttachOnly => "the mode is attach_only: no login takes anybody out of a group",
        Reason::DetachmentsHeld => "detachments are held until an administrator releases them",
        Reason::BreakerTripped => {
            "the circuit breaker tripped: too many users would lose groups in a short time"
        }
        Reason::HeldAfterUndo => {
            "changes of this identity provider were undone, and its detachments were not released since"
        }
        Reason::AwaitsConfirmation => {
            "the login would take all of the user's external groups, which an administrator has to confirm"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::{Body, PlanWarning};
    use super::{Action, Change, ClaimStatus, Plan, Reason};

    #[test]
    fn every_reason_has_words_that_an_administrator_understands() {
        let change = |action, group: &str, reason| Change { action, group: group.into(), reason };
        let held = Reason::ALL.into_iter().enumerate().filter(|(_, reason)| *reason > Reason::ClaimAbsent);
        let plan = Plan::new(Body {
            user: Some("ada".into()),
            status: ClaimStatus::Present,
            received: ["Here", "New", "Staff"].map(String::from).into(),
            malformed: 2,
            changes: vec![
                change(Action::Create, "New", Reason::Received),
                change(Action::Adopt, "Staff", Reason::Received),
                change(Action::Attach, "New", Reason::Received),
                change(Action::Detach, "Old \"1\"", Reason::NotReceived),
                change(Action::Detach, "Old 2", Reason::ClaimEmpty),
                change(Action::Detach, "Old 3", Reason::ClaimAbsent),
            ],
            held: held.map(|(at, reason)| change(Action::Detach, &format!("G{at:02}"), reason)).collect(),
            keep: ["Here".to_owned()].into(),
            warnings: vec![PlanWarning {
                code: "plan.max_creates".into(),
                message: "none is created".into(),
            }],
            state_fingerprint: String::new(),
        });
        assert_eq!(
            plan.explain(),
            r#"The identity provider sent 3 groups and 2 values that cannot be read: 6 changes, 18 held.
  creates the external group "New": the identity provider sent it
  makes the internal group "Staff" external: the identity provider sent it
  puts the user into "New": the identity provider sent it
  takes the user out of "Old \"1\"": the identity provider sent other groups and not this one
  takes the user out of "Old 2": the identity provider sent no groups
  takes the user out of "Old 3": the identity provider did not send the attribute, which means no groups by on_absent
  held: taking the user out of "G04": a received value cannot be read under the configured format, and it may be this group
  held: taking the user out of "G05": the identity provider said that it left the groups out
  held: taking the user out of "G06": the identity provider did not send the attribute, and on_absent is "keep"
  held: taking the user out of "G07": the identity provider has never sent the attribute for anybody: it may not be configured yet
  held: taking the user out of "G08": the attribute is missing, but the SAML library in front may have dropped it
  held: taking the user out of "G09": the attribute is missing, and the last login came near the identity provider's limit on groups
  held: taking the user out of "G10": the group is internal, and on_internal_match does not adopt it
  held: taking the user out of "G11": the group is internal, and has members who never signed in from this identity provider
  held: taking the user out of "G12": no group has this name, and create_missing is off
  held: taking the user out of "G13": the login would create more groups than max_creates, so it creates none
  held: taking the user out of "G14": the identity provider sent more groups than max_groups, so nothing is changed
  held: taking the user out of "G15": the group is protected: no login changes it
  held: taking the user out of "G16": the user is its last member, and last_member_of keeps one
  held: taking the user out of "G17": the mode is attach_only: no login takes anybody out of a group
  held: taking the user out of "G18": detachments are held until an administrator releases them
  held: taking the user out of "G19": the circuit breaker tripped: too many users would lose groups in a short time
  held: taking the user out of "G20": changes of this identity provider were undone, and its detachments were not released since
  held: taking the user out of "G21": the login would take all of the user's external groups, which an administrator has to confirm
  keeps the user in "Here": received, and already a member
  warning: none is created [plan.max_creates]
"#
        );
    }
}
