//! Names that look alike, for reports and audits; no login waits for it.

use super::name::{Identity, key};
use std::collections::{BTreeMap, HashMap, HashSet};
use unicode_security::skeleton;

/// The names that look alike (Unicode Technical Standard 39, section 4: equal skeletons, case apart), group by group.
///
/// A group holds two names or more, in the order given; groups stand in the order of their first names. Names that
/// are one name (equal exact keys) count once, and names that differ only by case are no finding of their own. The
/// direction of writing is not considered.
pub fn confusable_names<'n>(names: impl IntoIterator<Item = &'n str>) -> Vec<Vec<&'n str>> {
    let mut known = HashSet::new();
    let names: Vec<&str> =
        names.into_iter().filter(|&name| known.insert(key(name, Identity::Exact))).collect();
    let mut leaders: Vec<usize> = (0..names.len()).collect();
    let mut marks: HashMap<String, usize> = HashMap::new();
    for (place, &name) in names.iter().enumerate() {
        // As written, for capital I and small l; and case-folded, for capital A and the Cyrillic small a.
        for identity in [Identity::Exact, Identity::Fold] {
            let other = *marks.entry(skeleton(&key(name, identity)).collect()).or_insert(place);
            let (one, other) = (leader(&leaders, place), leader(&leaders, other));
            if let Some(later) = leaders.get_mut(one.max(other)) {
                *later = one.min(other);
            }
        }
    }
    let mut groups: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for (place, &name) in names.iter().enumerate() {
        groups.entry(leader(&leaders, place)).or_default().push(name);
    }
    groups.into_values().filter(|group| !same_but_for_case(group)).collect()
}

/// The first name of the group that a name belongs to.
fn leader(leaders: &[usize], mut place: usize) -> usize {
    while let Some(before) = leaders.get(place).copied().filter(|before| *before < place) {
        place = before;
    }
    place
}

fn same_but_for_case(group: &[&str]) -> bool {
    let folded: HashSet<_> = group.iter().map(|name| key(name, Identity::Fold)).collect();
    folded.len() < 2
}
