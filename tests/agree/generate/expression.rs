// SPDX-License-Identifier: Apache-2.0
//! Expressions by the type they should have.

use super::texts::{NO_ADDRESSES, NO_DATETIMES, NO_DECIMALS, NO_DURATIONS, TEXTS};
use super::value::{ATTRIBUTES, Kind, Rng, SETS, TAGS, Uid, Value, is_plain, key, quote, uid_text};
use super::world::{Entity, World};

pub struct Writer<'a> {
    rng: &'a mut Rng,
    world: &'a World,
    /// How many more operators there may be: depth alone would let a few clauses grow beyond reading.
    fuel: usize,
    /// What must hold for the attributes and tags used so far to be there, not yet written.
    guards: Vec<String>,
}

impl<'a> Writer<'a> {
    pub fn new(rng: &'a mut Rng, world: &'a World) -> Self {
        let fuel = 3 + rng.below(30);
        Self { rng, world, fuel, guards: Vec::new() }
    }

    /// A condition. What it uses is mostly asked for before, as people write: `x has a && x.a > 1`.
    pub fn clause(&mut self, depth: usize) -> String {
        let before = std::mem::take(&mut self.guards);
        let mut parts = Vec::new();
        let body = self.operator(Kind::Bool, depth);
        parts.append(&mut self.guards);
        self.guards = before;
        parts.push(body);
        parts.join(" && ")
    }

    pub fn expression(&mut self, kind: Kind, depth: usize) -> String {
        let kind = if kind == Kind::Any || self.rng.one_in(110) { Kind::any(self.rng) } else { kind };
        if self.rng.one_in(100) {
            return self.failing();
        }
        if depth == 0 || self.fuel == 0 {
            return self.leaf(kind);
        }
        self.fuel -= 1;
        match self.rng.below(20) {
            0 => {
                let test = if self.rng.percent(50) { self.clause(depth - 1) } else { self.bool(depth - 1) };
                let (then, otherwise) = (self.expression(kind, depth - 1), self.expression(kind, depth - 1));
                format!("(if {test} then {then} else {otherwise})")
            }
            1 if kind != Kind::Bool => {
                // A field of a record that is written out.
                let name = self.rng.pick(&ATTRIBUTES).0;
                let (value, access) = (self.expression(kind, depth - 1), self.access(name));
                format!("{{{}: {value}}}{access}", key(name, self.rng))
            }
            2 => self.tag(kind, depth - 1),
            3 | 4 => self.leaf(kind),
            _ => self.operator(kind, depth - 1),
        }
    }

    fn bool(&mut self, depth: usize) -> String {
        self.expression(Kind::Bool, depth)
    }

    /// A variable, an attribute, or a literal.
    fn leaf(&mut self, kind: Kind) -> String {
        match (kind, self.rng.below(10)) {
            (Kind::Entity, 0..5) => self.rng.weighted(&[(4, "principal"), (4, "resource"), (1, "action")]).to_string(),
            (Kind::Record, 0..3) => "context".to_string(),
            (_, 0..6) => self.path(kind),
            _ => self.literal(kind),
        }
    }

    fn literal(&mut self, kind: Kind) -> String {
        let constructor = match kind {
            Kind::Ip => Some(("ip", &NO_ADDRESSES[..])),
            Kind::Decimal => Some(("decimal", &NO_DECIMALS[..])),
            Kind::Datetime => Some(("datetime", &NO_DATETIMES[..])),
            Kind::Duration => Some(("duration", &NO_DURATIONS[..])),
            _ => None,
        };
        if let Some((function, refused)) = constructor {
            match self.rng.below(40) {
                0..5 => {
                    return self.refused(function, refused);
                }
                // Cedar's validator wants a literal here; its evaluator takes any text.
                5 => return format!("{function}({})", self.leaf(Kind::Text)),
                6 | 7 => {
                    let (first, second) =
                        (Value::of(self.rng, kind, self.world, 0), Value::of(self.rng, kind, self.world, 0));
                    if let (Value::Extension(_, first), Value::Extension(_, second)) = (first, second) {
                        let (first, second) = (quote(&first, self.rng), quote(&second, self.rng));
                        return format!("{function}(if {} then {first} else {second})", self.leaf(Kind::Bool));
                    }
                }
                8 if self.rng.one_in(4) => {
                    return format!("{function}({})", self.rng.pick(&["", "\"1.0\", \"1.0\"", "\"1d\", 1, principal"]));
                }
                _ => {}
            }
        }
        self.value(kind).text(self.rng)
    }

    /// A value, mostly one that is stored somewhere.
    fn value(&mut self, kind: Kind) -> Value {
        let recalled = if self.rng.percent(60) { self.world.recall(self.rng, kind).cloned() } else { None };
        recalled.unwrap_or_else(|| Value::of(self.rng, kind, self.world, 1))
    }

    fn variable(&mut self) -> String {
        self.rng.weighted(&[(6, "principal"), (6, "resource"), (6, "context"), (1, "action")]).to_string()
    }

    /// `.name` or `["name"]`.
    fn access(&mut self, name: &str) -> String {
        if is_plain(name) && !self.rng.one_in(8) { format!(".{name}") } else { format!("[{}]", quote(name, self.rng)) }
    }

    /// An attribute of this type: of a variable, of an entity, or of what lies in one of their attributes.
    fn path(&mut self, kind: Kind) -> String {
        let last: Vec<&str> = ATTRIBUTES.iter().filter(|(_, other)| *other == kind).map(|(name, _)| *name).collect();
        if last.is_empty() {
            return self.value(kind).text(self.rng);
        }
        let mut names: Vec<&str> = Vec::new();
        for _ in 0..self.rng.weighted(&[(12, 0), (3, 1), (1, 2)]) {
            names.push(*self.rng.pick(&["owner", "boss", "home", "meta"]));
        }
        names.push(*self.rng.pick(&last));
        let root = if self.rng.one_in(10) { self.entity() } else { self.variable() };
        self.guard(&root, &names);
        names.iter().fold(root, |path, name| path + &self.access(name))
    }

    /// Asks that attributes be there, in one `has` or in several; or forgets to.
    fn guard(&mut self, root: &str, names: &[&str]) {
        if self.rng.percent(20) {
            return;
        }
        if names.len() > 1 && names.iter().all(|name| is_plain(name)) && self.rng.percent(50) {
            self.guards.push(format!("({root} has {})", names.join(".")));
            return;
        }
        let mut path = root.to_string();
        for name in names {
            self.guards.push(format!("({path} has {})", key(name, self.rng)));
            path += &self.access(name);
        }
    }

    /// An entity literal.
    fn entity(&mut self) -> String {
        uid_text(self.world.some_uid(self.rng), self.rng)
    }

    fn tag(&mut self, kind: Kind, depth: usize) -> String {
        let fitting: Vec<&str> = TAGS.iter().filter(|(_, other)| *other == kind).map(|(name, _)| *name).collect();
        if fitting.is_empty() {
            return self.leaf(kind);
        }
        let who = self.expression(Kind::Entity, depth.min(1));
        let name = *self.rng.pick(&fitting);
        let name = self.tag_name(name);
        if !self.rng.percent(15) {
            self.guards.push(format!("{who}.hasTag({name})"));
        }
        format!("{who}.getTag({name})")
    }

    /// A tag's name, also one that is computed.
    fn tag_name(&mut self, name: &str) -> String {
        let name = quote(name, self.rng);
        match self.rng.below(12) {
            0 => format!("(if {} then {name} else \"color\")", self.leaf(Kind::Bool)),
            1 => self.leaf(Kind::Text),
            _ => name,
        }
    }

    fn operator(&mut self, kind: Kind, depth: usize) -> String {
        match kind {
            Kind::Bool => self.condition(depth),
            Kind::Long => match self.rng.below(9) {
                0..4 => {
                    let operator = self.rng.pick(&["+", "-", "*"]);
                    let (left, right) = (self.expression(Kind::Long, depth), self.expression(Kind::Long, depth));
                    format!("({left} {operator} {right})")
                }
                4 | 5 => format!("-({})", self.expression(Kind::Long, depth)),
                _ => {
                    let units = ["toMilliseconds", "toSeconds", "toMinutes", "toHours", "toDays"];
                    let unit = *self.rng.pick(&units);
                    self.method(Kind::Duration, unit, &[], depth)
                }
            },
            Kind::Datetime => match self.rng.below(3) {
                0 => self.literal(Kind::Datetime),
                1 => self.method(Kind::Datetime, "offset", &[Kind::Duration], depth),
                _ => self.method(Kind::Datetime, "toDate", &[], depth),
            },
            Kind::Duration => match self.rng.below(3) {
                0 => self.literal(Kind::Duration),
                1 => self.method(Kind::Datetime, "durationSince", &[Kind::Datetime], depth),
                _ => self.method(Kind::Datetime, "toTime", &[], depth),
            },
            Kind::Set(element) => match self.rng.below(3) {
                0 => {
                    let count = self.rng.below(4);
                    let list: Vec<_> = (0..count).map(|_| self.expression(*element, depth)).collect();
                    format!("[{}]", list.join(", "))
                }
                1 => self.path(kind),
                _ => self.literal(kind),
            },
            Kind::Record => match self.rng.below(3) {
                0 => {
                    let mut names: Vec<_> = ATTRIBUTES.to_vec();
                    self.rng.shuffle(&mut names);
                    names.truncate(self.rng.below(4));
                    let fields: Vec<_> = names
                        .into_iter()
                        .map(|(name, kind)| {
                            let value = self.expression(kind, depth);
                            format!("{}: {value}", key(name, self.rng))
                        })
                        .collect();
                    format!("{{{}}}", fields.join(", "))
                }
                1 => self.path(kind),
                _ => self.literal(kind),
            },
            Kind::Text | Kind::Entity | Kind::Ip | Kind::Decimal | Kind::Any => self.leaf(kind),
        }
    }

    /// `on.name(arguments)`; rarely with an argument too many, which Cedar finds only when it evaluates.
    fn method(&mut self, on: Kind, name: &str, arguments: &[Kind], depth: usize) -> String {
        let on = self.expression(on, depth);
        let mut list: Vec<String> = arguments.iter().map(|kind| self.expression(*kind, depth)).collect();
        if self.rng.one_in(150) {
            list.push(self.leaf(Kind::Ip));
        }
        format!("{on}.{name}({})", list.join(", "))
    }

    fn condition(&mut self, depth: usize) -> String {
        match self.rng.weighted(&[
            (4, "!"),
            (9, "&&"),
            (7, "||"),
            (3, "hidden"),
            (9, "=="),
            (8, "recalled"),
            (12, "<"),
            (8, "in"),
            (4, "is"),
            (6, "has"),
            (5, "like"),
            (5, "contains"),
            (7, "containsAll"),
            (3, "isEmpty"),
            (4, "hasTag"),
            (6, "ip"),
            (4, "isInRange"),
            (6, "decimal"),
        ]) {
            "!" => format!("{}({})", self.rng.pick(&["!", "!", "!!"]), self.bool(depth)),
            "&&" | "||" if depth == 0 => self.leaf(Kind::Bool),
            operator @ ("&&" | "||") => {
                let left = if self.rng.percent(60) { self.clause(depth - 1) } else { self.bool(depth) };
                let right = if self.rng.percent(60) { self.clause(depth - 1) } else { self.bool(depth) };
                format!("(({left}) {operator} ({right}))")
            }
            "hidden" => self.hidden(depth),
            "==" => self.equality(depth),
            "recalled" => self.recalled(depth),
            "<" => self.comparison(depth),
            "in" => self.within(depth),
            "is" => {
                let who = self.expression(Kind::Entity, depth);
                let kind = self.world.some_uid(self.rng).kind;
                let within = if self.rng.percent(50) { format!(" in {}", self.place(depth)) } else { String::new() };
                format!("({who} is {kind}{within})")
            }
            "has" => self.has(depth),
            "like" => self.like(depth),
            "contains" => {
                let kind = *self.rng.pick(&SETS);
                let Kind::Set(element) = kind else { unreachable!("only sets are listed") };
                let all = self.expression(kind, depth);
                format!("{all}.contains({})", self.expression(*element, depth))
            }
            "containsAll" => {
                let kind = *self.rng.pick(&SETS);
                let other = if self.rng.one_in(12) { *self.rng.pick(&SETS) } else { kind };
                let name = *self.rng.pick(&["containsAll", "containsAny"]);
                let (left, right) = (self.expression(kind, depth), self.expression(other, depth));
                format!("{left}.{name}({right})")
            }
            "isEmpty" => {
                let kind = *self.rng.pick(&SETS);
                format!("{}.isEmpty()", self.expression(kind, depth))
            }
            "hasTag" => {
                let name = self.rng.pick(&TAGS).0;
                let who = self.expression(Kind::Entity, depth);
                format!("{who}.hasTag({})", self.tag_name(name))
            }
            "ip" => {
                let name = *self.rng.pick(&["isIpv4", "isIpv6", "isLoopback", "isMulticast"]);
                self.method(Kind::Ip, name, &[], depth)
            }
            "isInRange" => self.method(Kind::Ip, "isInRange", &[Kind::Ip], depth),
            _ => {
                let names = ["lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual"];
                let name = *self.rng.pick(&names);
                self.method(Kind::Decimal, name, &[Kind::Decimal], depth)
            }
        }
    }

    fn comparison(&mut self, depth: usize) -> String {
        let kind = self.rng.weighted(&[(5, Kind::Long), (3, Kind::Datetime), (3, Kind::Duration)]);
        let other = if self.rng.one_in(20) { Kind::any(self.rng) } else { kind };
        let operator = *self.rng.pick(&["<", "<=", ">", ">="]);
        let (left, right) = (self.expression(kind, depth), self.expression(other, depth));
        format!("({left} {operator} {right})")
    }

    fn equality(&mut self, depth: usize) -> String {
        let operator = *self.rng.pick(&["==", "==", "!="]);
        let kind = Kind::any(self.rng);
        let (left, right) = match self.rng.below(8) {
            // The same written twice, or nearly the same: what is deep is compared to the bottom.
            0 | 1 => {
                let value = Value::of(self.rng, kind, self.world, 2);
                let other = if self.rng.percent(40) { value.tweaked(self.rng, self.world) } else { value.clone() };
                (value.text(self.rng), other.text(self.rng))
            }
            2 => {
                let other = Kind::any(self.rng);
                (self.expression(kind, depth), self.expression(other, depth))
            }
            _ => (self.expression(kind, depth), self.expression(kind, depth)),
        };
        format!("({left} {operator} {right})")
    }

    /// A stored value held against the same value written out.
    fn recalled(&mut self, depth: usize) -> String {
        let entity: &Entity = self.rng.pick(&self.world.entities);
        let context = self.rng.pick(&self.world.contexts);
        // Mostly by a variable: whether it is that entity, or that context, is up to the request.
        let (fields, root) = match (self.rng.below(6), context) {
            (0 | 1, Value::Record(fields)) => (fields, "context".to_string()),
            (2, _) => (&entity.attributes, uid_text(entity.uid, self.rng)),
            _ => (&entity.attributes, (*self.rng.pick(&["principal", "resource"])).to_string()),
        };
        let Some((name, stored)) = fields.iter().nth(self.rng.below(ATTRIBUTES.len())) else {
            return self.equality(depth);
        };
        self.guard(&root, &[*name]);
        let value = if self.rng.percent(30) { stored.tweaked(self.rng, self.world) } else { stored.clone() };
        let path = root + &self.access(name);
        let text = value.text(self.rng);
        match (stored, value) {
            (Value::Set(_), Value::Set(elements)) if self.rng.percent(60) => {
                let (left, right) = if self.rng.percent(70) { (path, text) } else { (text, path) };
                match elements.as_slice() {
                    [] => format!("{left}.containsAny({right})"),
                    some if self.rng.percent(40) => {
                        let one = self.rng.pick(some).text(self.rng);
                        format!("{left}.contains({one})")
                    }
                    _ => format!("{left}.{}({right})", self.rng.pick(&["containsAll", "containsAny"])),
                }
            }
            (Value::Text(_), Value::Text(text)) if self.rng.percent(50) => {
                let pattern = self.pattern(&text);
                format!("({path} like {pattern})")
            }
            _ => format!("({path} {} {text})", self.rng.pick(&["==", "==", "!="])),
        }
    }

    fn within(&mut self, depth: usize) -> String {
        if self.rng.percent(40) {
            // Somewhere that it may well lie in.
            let who: Uid = self.rng.pick(&self.world.entities).uid;
            let place = uid_text(self.world.some_ancestor(self.rng, who), self.rng);
            let who = if self.rng.percent(40) { uid_text(who, self.rng) } else { self.expression(Kind::Entity, depth) };
            return format!("({who} in {place})");
        }
        let who = self.expression(Kind::Entity, depth);
        format!("({who} in {})", self.place(depth))
    }

    /// What may stand right of `in`: an entity, or a set that should hold nothing else.
    fn place(&mut self, depth: usize) -> String {
        match self.rng.below(10) {
            0 => "[]".to_string(),
            1 | 2 => {
                let (first, second) = (self.entity(), self.expression(Kind::Any, 0));
                format!("[{first}, {second}, principal, resource]")
            }
            3..5 => {
                let mut list: Vec<_> = (0..1 + self.rng.below(3)).map(|_| self.entity()).collect();
                list.push(self.expression(Kind::Entity, depth.min(1)));
                self.rng.shuffle(&mut list);
                format!("[{}]", list.join(", "))
            }
            5 | 6 => self.expression(Kind::Set(&Kind::Entity), depth),
            7 => self.entity(),
            _ => self.expression(Kind::Entity, depth),
        }
    }

    fn has(&mut self, depth: usize) -> String {
        let kind = self.rng.weighted(&[(10, Kind::Entity), (10, Kind::Record), (1, Kind::Any)]);
        let on = self.expression(kind, depth);
        let deep = ["owner", "boss", "home", "meta", "count", "flag"];
        let path: Vec<&str> = match self.rng.below(5) {
            0 | 1 => {
                let plain: Vec<&str> = ATTRIBUTES.map(|(name, _)| name).into_iter().filter(|n| is_plain(n)).collect();
                let mut path: Vec<&str> = (0..1 + self.rng.below(2)).map(|_| *self.rng.pick(&deep)).collect();
                path.push(*self.rng.pick(&plain));
                path
            }
            _ => {
                let name = self.rng.pick(&ATTRIBUTES).0;
                return format!("({on} has {})", key(name, self.rng));
            }
        };
        format!("({on} has {})", path.join("."))
    }

    fn like(&mut self, depth: usize) -> String {
        let of = if self.rng.one_in(10) { "" } else { *self.rng.pick(&TEXTS) };
        let pattern = if self.rng.one_in(10) { "\"\"".to_string() } else { self.pattern(of) };
        let text = if self.rng.percent(40) { quote(of, self.rng) } else { self.expression(Kind::Text, depth) };
        format!("({text} like {pattern})")
    }

    /// A pattern that this text mostly fits: parts of it are stars.
    fn pattern(&mut self, text: &str) -> String {
        let mut pattern = String::from("\"");
        for character in text.chars() {
            match self.rng.below(12) {
                0 => pattern.push('*'),
                1 => pattern.push_str("**"),
                2 => {}
                _ if character == '*' => pattern.push_str("\\*"),
                _ => {
                    let quoted = quote(&character.to_string(), self.rng);
                    pattern.push_str(&quoted[1..quoted.len() - 1]);
                }
            }
            if self.rng.one_in(8) {
                pattern.push('*');
            }
        }
        let end = *self.rng.pick(&["", "", "*", "x", "*\\*"]);
        pattern.push_str(end);
        format!("{}\"", if self.rng.one_in(5) { pattern.replacen('"', "\"*", 1) } else { pattern })
    }

    /// Something that fails, where evaluation comes by; mostly it does not.
    fn hidden(&mut self, depth: usize) -> String {
        let (fails, holds) = (self.failing(), self.bool(depth));
        match self.rng.below(12) {
            0 | 1 => format!("(false && {fails})"),
            2 | 3 => format!("(true || {fails})"),
            4 => format!("(if true then {holds} else {fails})"),
            5 => format!("(if false then {fails} else {holds})"),
            6 => format!("(({holds}) && {fails})"),
            7 => format!("(({holds}) || {fails})"),
            8 => format!("({fails} || true)"),
            9 => format!("({fails} && false)"),
            10 => format!("(if {fails} then true else true)"),
            _ => format!("(principal is Nobody in {fails})"),
        }
    }

    /// A constructor with a text that it refuses. Mostly the seed says which, so that none is left to chance.
    fn refused(&mut self, function: &str, texts: &[&str]) -> String {
        let turn = self.world.seed as usize % texts.len();
        let text = if self.rng.percent(70) { texts[turn] } else { *self.rng.pick(texts) };
        format!("{function}({})", quote(text, self.rng))
    }

    /// Something that fails, whatever the request. Each of these is another error.
    fn failing(&mut self) -> String {
        match self.rng.below(24) {
            0 => format!("({} + 1)", i64::MAX),
            1 => format!("({} - 1)", i64::MIN),
            2 => format!("({} * (-2))", i64::MAX),
            3 => format!("-({})", i64::MIN),
            4 => "(1 + \"1\")".to_string(),
            5 => "(\"1\" < 2)".to_string(),
            6 => "({}).missing".to_string(),
            7 => format!("{}.missing", uid_text(self.rng.pick(&self.world.entities).uid, self.rng)),
            8 => format!("{}.getTag(\"missing\")", uid_text(self.rng.pick(&self.world.entities).uid, self.rng)),
            9 => format!("{}.flag", uid_text(*self.rng.pick(&self.world.absent), self.rng)),
            10 => format!("{}.getTag(\"flag\")", uid_text(*self.rng.pick(&self.world.absent), self.rng)),
            11 | 12 => self.refused("ip", &NO_ADDRESSES),
            13 => self.refused("decimal", &NO_DECIMALS),
            14 | 15 => self.refused("datetime", &NO_DATETIMES),
            16 => self.refused("duration", &NO_DURATIONS),
            17 => "datetime(\"9999-12-31\").offset(duration(\"9223372036854775807ms\"))".to_string(),
            18 => format!("{}.toDate()", Value::Moment(i64::MIN).text(self.rng)),
            19 => format!("{}.durationSince(datetime(\"1970-01-02\"))", Value::Moment(i64::MIN).text(self.rng)),
            20 => "(principal in [principal, 1])".to_string(),
            21 => "(1 in principal)".to_string(),
            22 => "(ip(\"10.0.0.1\") < ip(\"10.0.0.2\"))".to_string(),
            _ => (*self.rng.pick(&["1", "\"true\"", "[true]", "principal", "context", "decimal(\"1.0\")"])).to_string(),
        }
    }
}
