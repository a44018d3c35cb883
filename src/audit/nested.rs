//! Groups whose members are all in another group, as nested groups of a directory look once they are flattened.

use super::world::World;

/// Smaller groups are in another one by chance.
const FEWEST: usize = 3;

/// Pairs of a group and the smallest larger group that holds all its members.
pub(super) fn subsets(world: &World) -> Vec<(u32, u32)> {
    let mut groups: Vec<Vec<u32>> = Vec::new();
    let mut members: Vec<Vec<u32>> = vec![Vec::new(); world.groups.len()];
    for user in world.users.ids() {
        let mut mine: Vec<u32> = world.memberships(user).collect();
        mine.sort_unstable();
        mine.dedup();
        for group in &mine {
            if let Some(members) = members.get_mut(super::intern::place(*group)) {
                members.push(user);
            }
        }
        groups.push(mine);
    }
    let size = |group: u32| members.get(super::intern::place(group)).map_or(0, Vec::len);
    let of = |user: &u32| groups.get(super::intern::place(*user)).map(Vec::as_slice).unwrap_or_default();
    let mut found = Vec::new();
    for (group, users) in (0_u32..).zip(&members).filter(|(_, users)| users.len() >= FEWEST) {
        // The member with the fewest groups leaves the fewest to look at.
        let Some(first) = users.iter().min_by_key(|user| of(user).len()) else { continue };
        let mut candidates: Vec<u32> =
            of(first).iter().copied().filter(|other| size(*other) > users.len()).collect();
        for user in users {
            candidates.retain(|other| of(user).binary_search(other).is_ok());
            if candidates.is_empty() {
                break;
            }
        }
        found.extend(candidates.into_iter().min_by_key(|other| size(*other)).map(|other| (group, other)));
    }
    found
}
