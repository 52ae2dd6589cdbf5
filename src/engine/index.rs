// SPDX-License-Identifier: Apache-2.0
//! What applies to a request, found by looking up: arrays of integers, sorted once, never searched as a whole.
//!
//! Entries stand in rows by the entity that their principal scope names, within a row in segments by action, within a
//! segment in the order of the entity that their resource scope names. A request has few principals (itself and what it
//! lies in) and few resources, and looks into the segments where they could meet.

use super::symbols::{Entity, Word};
use super::{Effect, TooMuch};
use std::ops::ControlFlow;

/// A scope, numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Any,
    Is(Word),
    Equal(Entity),
    In(Entity),
    IsIn(Word, Entity),
}

/// Something that applies within scopes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scoped {
    pub principal: Place,
    /// `Any`, `Equal` or `In`.
    pub action: Place,
    pub resource: Place,
    pub effect: Effect,
    /// The number of the policy or grant.
    pub what: u32,
}

/// What an entry asks beyond the places where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct How {
    pub effect: Effect,
    /// The principal's own type, where the scope names one.
    pub principal_is: Option<Word>,
    /// Whether the principal must be the named entity, not lie in it.
    pub principal_equal: bool,
    pub resource_is: Option<Word>,
    pub resource_equal: bool,
}

/// The key of "every action"; the others are made by [`action_equal`] and [`action_in`].
pub(super) const EVERY_ACTION: u32 = 0;

pub(super) fn action_equal(action: Entity) -> u32 {
    1 + 2 * action
}

pub(super) fn action_in(action: Entity) -> u32 {
    2 + 2 * action
}

/// The row of scopes that name no entity, and the resource of such scopes. An entity has its number and one.
pub(super) const NOWHERE: u32 = 0;

pub(super) fn place(entity: Entity) -> u32 {
    entity + 1
}

/// Entries by principal, action and resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Index {
    /// Where the segments of each row begin, by place; one more for the end.
    pub(super) rows: Vec<u32>,
    /// The action of each segment, ascending within a row.
    pub(super) actions: Vec<u32>,
    /// Where the entries of each segment begin; one more for the end.
    pub(super) starts: Vec<u32>,
    /// The place of the resource of each entry, ascending within a segment.
    pub(super) resources: Vec<u32>,
    /// What else each entry asks.
    pub(super) hows: Vec<u16>,
    /// The policy or grant of each entry.
    pub(super) whats: Vec<u32>,
    /// The ways of asking that occur.
    pub(super) ways: Vec<How>,
}

/// What is done with an entry that applies: the number of its policy or grant, and its effect.
pub(super) type Visit<'v> = &'v mut dyn FnMut(u32, Effect) -> ControlFlow<()>;

/// A request, as far as scopes ask.
pub(super) struct Asked<'a> {
    pub principal: Entity,
    pub principal_kind: Word,
    pub principal_above: &'a [Entity],
    pub action: Entity,
    pub action_above: &'a [Entity],
    pub resource: Entity,
    pub resource_kind: Word,
    pub resource_above: &'a [Entity],
}

/// An index of nothing.
impl Default for Index {
    fn default() -> Index {
        Index {
            rows: vec![0, 0],
            actions: Vec::new(),
            starts: vec![0],
            resources: Vec::new(),
            hows: Vec::new(),
            whats: Vec::new(),
            ways: Vec::new(),
        }
    }
}

impl Index {
    /// `entities` is how many entities there are, so that every one has a row.
    ///
    /// # Errors
    /// The entries ask in more ways than sixteen bits can number.
    pub fn new(scoped: Vec<Scoped>, entities: u32) -> Result<Index, TooMuch> {
        let mut index = Index { rows: Vec::new(), starts: Vec::new(), ..Index::default() };
        let mut ways: Vec<How> = scoped.iter().map(|entry| entry.how()).collect();
        ways.sort_unstable();
        ways.dedup();
        if ways.len() > usize::from(u16::MAX) {
            return Err(TooMuch);
        }
        let mut entries: Vec<([u32; 3], u16, u32)> = scoped
            .into_iter()
            .map(|entry| {
                let how = ways.binary_search(&entry.how()).unwrap_or_default() as u16;
                ([entry.row(), entry.action_key(), entry.resource_place()], how, entry.what)
            })
            .collect();
        entries.sort_unstable();
        entries.dedup();
        index.ways = ways;
        index.rows = Vec::with_capacity(entities as usize + 2);
        index.resources = entries.iter().map(|([_, _, resource], ..)| *resource).collect();
        index.hows = entries.iter().map(|(_, how, _)| *how).collect();
        index.whats = entries.iter().map(|(.., what)| *what).collect();
        let mut last = None;
        for (at, ([row, action, _], ..)) in entries.iter().enumerate() {
            if last != Some((*row, *action)) {
                last = Some((*row, *action));
                while index.rows.len() <= *row as usize {
                    index.rows.push(index.actions.len() as u32);
                }
                index.actions.push(*action);
                index.starts.push(at as u32);
            }
        }
        while index.rows.len() < entities as usize + 2 {
            index.rows.push(index.actions.len() as u32);
        }
        index.starts.push(entries.len() as u32);
        index.actions.shrink_to_fit();
        index.starts.shrink_to_fit();
        Ok(index)
    }

    /// All entries, as they were given.
    pub(super) fn scopes(&self) -> Vec<Scoped> {
        let mut all = Vec::with_capacity(self.whats.len());
        for row in 0..self.rows.len().saturating_sub(1) {
            for segment in self.rows[row] as usize..self.rows[row + 1] as usize {
                let action = match self.actions[segment].checked_sub(1) {
                    None => Place::Any,
                    Some(key) if key % 2 == 0 => Place::Equal(key / 2),
                    Some(key) => Place::In(key / 2),
                };
                for at in self.starts[segment] as usize..self.starts[segment + 1] as usize {
                    let How { effect, principal_is, principal_equal, resource_is, resource_equal } =
                        self.ways[usize::from(self.hows[at])];
                    let principal = Place::of(row as u32, principal_is, principal_equal);
                    let resource = Place::of(self.resources[at], resource_is, resource_equal);
                    all.push(Scoped { principal, action, resource, effect, what: self.whats[at] });
                }
            }
        }
        all
    }

    /// Calls `visit` with each entry that applies, permits and forbids, in no particular order; one may come twice. Stops
    /// when told to.
    pub fn visit(&self, asked: &Asked, visit: Visit) -> ControlFlow<()> {
        if self.whats.is_empty() {
            return ControlFlow::Continue(());
        }
        self.visit_row(NOWHERE, false, asked, visit)?;
        self.visit_row(place(asked.principal), true, asked, visit)?;
        for above in asked.principal_above {
            self.visit_row(place(*above), false, asked, visit)?;
        }
        ControlFlow::Continue(())
    }

    fn visit_row(&self, row: u32, own: bool, asked: &Asked, visit: Visit) -> ControlFlow<()> {
        let (Some(from), Some(to)) = (self.rows.get(row as usize), self.rows.get(row as usize + 1)) else {
            return ControlFlow::Continue(());
        };
        let segments = *from as usize..*to as usize;
        if segments.is_empty() {
            return ControlFlow::Continue(());
        }
        let actions = &self.actions[segments.clone()];
        let mut look = |key: u32| -> ControlFlow<()> {
            let found = if actions.len() <= 8 {
                actions.iter().position(|action| *action == key)
            } else {
                actions.binary_search(&key).ok()
            };
            match found {
                Some(at) => self.visit_segment(segments.start + at, own, asked, visit),
                None => ControlFlow::Continue(()),
            }
        };
        look(EVERY_ACTION)?;
        look(action_equal(asked.action))?;
        look(action_in(asked.action))?;
        for above in asked.action_above {
            look(action_in(*above))?;
        }
        ControlFlow::Continue(())
    }

    fn visit_segment(&self, segment: usize, own: bool, asked: &Asked, visit: Visit) -> ControlFlow<()> {
        let (start, end) = (self.starts[segment] as usize, self.starts[segment + 1] as usize);
        let resources = &self.resources[start..end];
        let mut look = |wanted: u32, own_resource: bool| -> ControlFlow<()> {
            let first = if resources.len() <= 8 {
                resources.iter().position(|resource| *resource >= wanted).unwrap_or(resources.len())
            } else {
                resources.partition_point(|resource| *resource < wanted)
            };
            let same = resources[first..].iter().take_while(|resource| **resource == wanted).count();
            for at in start + first..start + first + same {
                let way = &self.ways[usize::from(self.hows[at])];
                let fits = (own || !way.principal_equal)
                    && (own_resource || !way.resource_equal)
                    && way.principal_is.is_none_or(|kind| kind == asked.principal_kind)
                    && way.resource_is.is_none_or(|kind| kind == asked.resource_kind);
                if fits {
                    visit(self.whats[at], way.effect)?;
                }
            }
            ControlFlow::Continue(())
        };
        look(NOWHERE, false)?;
        look(place(asked.resource), true)?;
        for above in asked.resource_above {
            look(place(*above), false)?;
        }
        ControlFlow::Continue(())
    }
}

impl Scoped {
    fn how(&self) -> How {
        let of = |scope: Place| match scope {
            Place::Is(kind) | Place::IsIn(kind, _) => (Some(kind), false),
            Place::Equal(_) => (None, true),
            Place::Any | Place::In(_) => (None, false),
        };
        let (principal_is, principal_equal) = of(self.principal);
        let (resource_is, resource_equal) = of(self.resource);
        How { effect: self.effect, principal_is, principal_equal, resource_is, resource_equal }
    }

    fn row(&self) -> u32 {
        self.principal.row()
    }

    fn resource_place(&self) -> u32 {
        self.resource.row()
    }

    fn action_key(&self) -> u32 {
        match self.action {
            Place::Equal(action) => action_equal(action),
            Place::In(action) => action_in(action),
            // An action is never asked for its type.
            Place::Any | Place::Is(_) | Place::IsIn(..) => EVERY_ACTION,
        }
    }
}

impl Place {
    /// The scope that stands in a row and asks for a type or for the very entity.
    fn of(row: u32, is: Option<Word>, equal: bool) -> Place {
        match (row.checked_sub(1), is) {
            (None, None) => Place::Any,
            (None, Some(kind)) => Place::Is(kind),
            (Some(entity), None) if equal => Place::Equal(entity),
            (Some(entity), None) => Place::In(entity),
            (Some(entity), Some(kind)) => Place::IsIn(kind, entity),
        }
    }

    /// The entity that it names.
    pub fn entity(self) -> Option<Entity> {
        match self {
            Place::Any | Place::Is(_) => None,
            Place::Equal(entity) | Place::In(entity) | Place::IsIn(_, entity) => Some(entity),
        }
    }

    fn row(self) -> u32 {
        self.entity().map_or(NOWHERE, place)
    }
}
