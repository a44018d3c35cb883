//! The rows of one table that one thread read, user by user.

use super::AuditError;
use super::intern::place;

/// Pairs of user and item as they come, and then sorted by user.
#[derive(Default)]
pub(super) struct Rows {
    pieces: Vec<Vec<[u32; 2]>>,
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Rows {
    /// Adds a piece of rows.
    pub(super) fn add(&mut self, piece: Vec<[u32; 2]>) {
        self.pieces.push(piece);
    }

    /// Sorts by user, keeping the order of each user's rows.
    pub(super) fn sort(&mut self, users: usize) -> Result<(), AuditError> {
        let rows = self.pieces.iter().map(Vec::len).sum();
        u32::try_from(rows).map_err(|_| AuditError::TooLarge { what: "rows" })?;
        let mut starts = vec![0_u32; users + 1];
        for [user, _] in self.pieces.iter().flatten() {
            if let Some(count) = starts.get_mut(place(*user)) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += std::mem::replace(start, sum);
        }
        let mut items = vec![0_u32; rows];
        for piece in std::mem::take(&mut self.pieces) {
            for [user, item] in piece {
                if let Some(next) = starts.get_mut(place(user)) {
                    if let Some(slot) = items.get_mut(place(*next)) {
                        *slot = item;
                    }
                    *next += 1;
                }
            }
        }
        // Every start stands now at the end of its user's rows, which is where the next one's begin.
        (self.starts, self.items) = (starts, items);
        Ok(())
    }

    /// The items of a user, in the order of the rows.
    pub(super) fn of(&self, user: u32) -> &[u32] {
        let user = place(user);
        let start = user.checked_sub(1).and_then(|before| self.starts.get(before)).copied().unwrap_or(0);
        let end = self.starts.get(user).copied().unwrap_or(start);
        self.items.get(place(start)..place(end)).unwrap_or_default()
    }
}
