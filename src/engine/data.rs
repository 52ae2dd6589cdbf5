// SPDX-License-Identifier: Apache-2.0
//! What is so, numbered: entities with their attributes and what they lie in, and grants.

use super::index::{Index, Place, Scoped};
use super::program::{Program, Scope};
use super::symbols::{Entity, Layer, Strings, View, Word, Writer};
use super::value::{Plain, Value};
use super::{Effect, TooMuch};
use crate::name::Uid;
use std::collections::BTreeMap;

/// Entities and grants on top of one program, whose words they share.
#[derive(Clone, Debug)]
pub struct Data {
    pub(super) layer: Layer,
    /// Whether each entity exists; one that is only named does not.
    pub(super) existing: Vec<bool>,
    /// Where the attributes of each entity begin; one more for the end.
    pub(super) attributes: Vec<u32>,
    /// The names of attributes, ascending within an entity.
    pub(super) names: Vec<Word>,
    pub(super) values: Vec<Value>,
    /// Where what each entity lies in begins; one more for the end.
    pub(super) ancestors: Vec<u32>,
    /// Everything that an entity lies in, directly or not, ascending; not itself.
    pub(super) above: Vec<Entity>,
    /// Entity, tag and its value, in this order.
    pub(super) tags: Vec<(Entity, Word, Value)>,
    pub(super) index: Index,
    /// How many grants there are.
    pub(super) grants: u32,
    pub(super) origins: Origins,
}

impl Data {
    #[inline]
    pub(super) fn exists(&self, entity: Entity) -> bool {
        self.existing.get(entity as usize).is_some_and(|exists| *exists)
    }

    /// Everything that an entity lies in.
    #[inline]
    pub(super) fn above(&self, entity: Entity) -> &[Entity] {
        match self.ancestors.get(entity as usize..entity as usize + 2) {
            Some([from, to]) => &self.above[*from as usize..*to as usize],
            _ => &[],
        }
    }

    pub(super) fn attribute(&self, entity: Entity, name: Word) -> Option<Value> {
        let Some([from, to]) = self.attributes.get(entity as usize..entity as usize + 2) else { return None };
        let (from, to) = (*from as usize, *to as usize);
        let names = &self.names[from..to];
        let at = if names.len() <= 16 {
            names.iter().position(|other| *other == name)
        } else {
            names.binary_search(&name).ok()
        };
        at.map(|at| self.values[from + at])
    }

    pub(super) fn tag(&self, entity: Entity, name: Word) -> Option<Value> {
        let at = self.tags.binary_search_by_key(&(entity, name), |(entity, name, _)| (*entity, *name)).ok()?;
        Some(self.tags[at].2)
    }

    /// The id of the policy that says what a grant says, and the row behind it; `None` where this data keeps none.
    pub fn origin(&self, view: &View, grant: u32) -> Option<(String, String)> {
        self.origins.get(view, grant)
    }

    /// Bytes that the index of grants takes, of [`Data::size`].
    pub fn grants_size(&self) -> usize {
        self.index.size()
    }

    /// Bytes that this data holds, spare room not counted.
    pub fn size(&self) -> usize {
        fn of<T>(values: &[T]) -> usize {
            size_of_val(values)
        }
        let strings = |strings: &Strings| strings.bytes.len() + of(&strings.ends);
        let layer = &self.layer;
        strings(&layer.words)
            + layer.entities.ids.len()
            + of(&layer.entities.entries)
            + of(&layer.values)
            + layer.tables_size()
            + of(&self.existing)
            + of(&self.attributes)
            + of(&self.names)
            + of(&self.values)
            + of(&self.ancestors)
            + of(&self.above)
            + of(&self.tags)
            + self.index.size()
            + of(&self.origins.tables)
            + strings(&self.origins.keys)
            + of(&self.origins.others)
    }
}

impl Index {
    /// Bytes that the entries take.
    pub fn size(&self) -> usize {
        let numbers =
            self.rows.len() + self.actions.len() + self.starts.len() + self.resources.len() + self.whats.len();
        numbers * 4 + self.hows.len() * 2
    }
}

/// Where grants come from: a table and a key each, so that a million of them repeat no table's name.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins {
    /// The words of table names.
    pub names: Vec<Word>,
    /// Which of them each grant has.
    pub tables: Vec<u16>,
    pub keys: Strings,
    /// Grants whose policy's id is not `TABLE/KEY`: the grant, and the id.
    pub others: Vec<(u32, Word)>,
}

impl Origins {
    fn push(&mut self, writer: &mut Writer, id: &str, source: &str) {
        let (table, key) = source.split_once('/').unwrap_or(("", source));
        let word = writer.word(table);
        let known = self.names.iter().position(|name| *name == word);
        // No schema has as many tables as sixteen bits can number; those beyond would share one name.
        let at = known.unwrap_or_else(|| {
            self.names.push(word);
            self.names.len() - 1
        });
        let grant = self.keys.push(key);
        self.tables.push(at.min(usize::from(u16::MAX)) as u16);
        if id != source {
            self.others.push((grant, writer.word(id)));
        }
    }

    fn get(&self, view: &View, grant: u32) -> Option<(String, String)> {
        let table = view.word(self.names[usize::from(*self.tables.get(grant as usize)?)]);
        let key = self.keys.get(grant as usize);
        let source = if table.is_empty() { key.to_string() } else { format!("{table}/{key}") };
        let other = self.others.binary_search_by_key(&grant, |(grant, _)| *grant).ok();
        let id = other.map_or_else(|| source.clone(), |at| view.word(self.others[at].1).to_string());
        Some((id, source))
    }
}

/// Entities and grants before they are numbered for good.
pub struct DataBuilder<'p> {
    program: &'p Program,
    layer: Layer,
    entities: BTreeMap<Entity, Described>,
    scoped: Vec<Scoped>,
    origins: Origins,
    count: u32,
}

/// One entity, as it is described.
#[derive(Default)]
struct Described {
    attributes: Vec<(Word, Value)>,
    tags: Vec<(Word, Value)>,
    parents: Vec<Entity>,
}

impl<'p> DataBuilder<'p> {
    pub fn new(program: &'p Program) -> DataBuilder<'p> {
        DataBuilder {
            program,
            layer: Layer::above(&program.layer),
            entities: BTreeMap::new(),
            scoped: Vec::new(),
            origins: Origins::default(),
            count: 0,
        }
    }

    fn writer(&mut self) -> Writer<'_> {
        Writer { below: [Some(&self.program.layer), None], layer: &mut self.layer }
    }

    /// An entity that exists. Describing it again replaces what was said.
    ///
    /// # Errors
    /// A value is nested too deep.
    pub fn entity<'v>(
        &mut self,
        uid: &Uid,
        attributes: impl IntoIterator<Item = (&'v str, Plain)>,
        tags: impl IntoIterator<Item = (&'v str, Plain)>,
        parents: impl IntoIterator<Item = &'v Uid>,
    ) -> Result<(), TooMuch> {
        let entity = self.writer().entity(&uid.kind, &uid.id);
        let mut described = Described::default();
        for (name, value) in attributes {
            described.attributes.push(self.named(name, &value)?);
        }
        for (name, value) in tags {
            described.tags.push(self.named(name, &value)?);
        }
        for parent in parents {
            described.parents.push(self.writer().entity(&parent.kind, &parent.id));
        }
        described.attributes.sort_by_key(|(name, _)| *name);
        described.tags.sort_by_key(|(name, _)| *name);
        self.entities.insert(entity, described);
        Ok(())
    }

    fn named(&mut self, name: &str, value: &Plain) -> Result<(Word, Value), TooMuch> {
        if value.depth() > super::MAX_DEPTH {
            return Err(TooMuch);
        }
        let mut writer = self.writer();
        let name = writer.word(name);
        Ok((name, writer.value(value).ok_or(TooMuch)?))
    }

    /// A grant; its number is how many there were. Actions are their type and their id; all of them where `None`.
    pub fn grant<'s>(
        &mut self,
        effect: Effect,
        principal: &Scope,
        actions: Option<impl ExactSizeIterator<Item = (&'s str, &'s str)>>,
        resource: &Scope,
    ) {
        let what = self.count;
        self.count += 1;
        let mut writer = Writer { below: [Some(&self.program.layer), None], layer: &mut self.layer };
        let (principal, resource) = (writer.place(principal), writer.place(resource));
        let Some(actions) = actions else {
            self.scoped.push(Scoped { principal, action: Place::Any, resource, effect, what });
            return;
        };
        // Cedar's `action == a` and `action in [a, b]`: they differ for actions that lie in others.
        let alone = actions.len() == 1;
        for (kind, id) in actions {
            let action = writer.entity(kind, id);
            let action = if alone { Place::Equal(action) } else { Place::In(action) };
            self.scoped.push(Scoped { principal, action, resource, effect, what });
        }
    }

    /// Keeps id and source of the grant that was added last. Either all grants have them or none.
    pub fn provenance(&mut self, id: &str, source: &str) {
        let mut writer = Writer { below: [Some(&self.program.layer), None], layer: &mut self.layer };
        self.origins.push(&mut writer, id, source);
    }

    /// # Errors
    /// More than can be numbered.
    pub fn finish(self) -> Result<Data, TooMuch> {
        let count = self.layer.end_of_entities();
        let mut data = Data {
            index: Index::new(self.scoped, count)?,
            existing: vec![false; count as usize],
            attributes: Vec::with_capacity(count as usize + 1),
            ancestors: Vec::with_capacity(count as usize + 1),
            grants: self.count,
            origins: self.origins,
            layer: self.layer,
            names: Vec::new(),
            values: Vec::new(),
            above: Vec::new(),
            tags: Vec::new(),
        };
        let mut climb = Climb { seen: vec![u32::MAX; count as usize], stack: Vec::new() };
        for entity in 0..count {
            data.attributes.push(data.names.len() as u32);
            data.ancestors.push(data.above.len() as u32);
            let Some(described) = self.entities.get(&entity) else { continue };
            data.existing[entity as usize] = true;
            for (name, value) in &described.attributes {
                data.names.push(*name);
                data.values.push(*value);
            }
            data.tags.extend(described.tags.iter().map(|(name, value)| (entity, *name, *value)));
            climb.everything_above(entity, &self.entities, &mut data.above);
        }
        data.attributes.push(data.names.len() as u32);
        data.ancestors.push(data.above.len() as u32);
        data.above.shrink_to_fit();
        data.names.shrink_to_fit();
        data.values.shrink_to_fit();
        data.tags.shrink_to_fit();
        Ok(data)
    }
}

/// Walks from entities to what they lie in.
struct Climb {
    /// The entity whose walk last came by, for each entity.
    seen: Vec<u32>,
    stack: Vec<Entity>,
}

impl Climb {
    fn everything_above(&mut self, from: Entity, entities: &BTreeMap<Entity, Described>, above: &mut Vec<Entity>) {
        let start = above.len();
        // Seen from the start, so that a circle ends and nothing lies above itself.
        self.seen[from as usize] = from;
        self.stack.push(from);
        while let Some(entity) = self.stack.pop() {
            for parent in entities.get(&entity).into_iter().flat_map(|described| &described.parents) {
                if std::mem::replace(&mut self.seen[*parent as usize], from) != from {
                    above.push(*parent);
                    self.stack.push(*parent);
                }
            }
        }
        above[start..].sort_unstable();
    }
}
