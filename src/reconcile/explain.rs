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

fn count(number: usize, noun: &str) -> String {
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
        Reason::NotReceived => "the identity provider did not send it",
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
        Reason::MaxCreates => "the login would create more groups than max_creates",
        Reason::MaxGroups => "the identity provider sent more groups than max_groups",
        Reason::Protected => "the group is protected",
        Reason::LastMember => "the user is its last member",
        Reason::AttachOnly => "the mode is attach_only",
        Reason::DetachmentsHeld => "detachments are held",
        Reason::BreakerTripped => {
            "the circuit breaker has tripped: too many users would lose groups in a short time"
        }
        Reason::HeldAfterUndo => {
            "changes of this identity provider were undone, and its detachments were not released since"
        }
        Reason::AwaitsConfirmation => {
            "the login would take all of the user's external groups, which an administrator has to confirm"
        }
    }
}
