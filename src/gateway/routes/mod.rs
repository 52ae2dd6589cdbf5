// SPDX-License-Identifier: Apache-2.0
//! Method and path into the question that the engine is asked.
//!
//! What no route names is refused. The most specific path wins, segment by segment from the left: a literal before a
//! parameter before the rest. Once a path is known its methods are final: `DELETE /users/me` does not fall back from
//! `GET /users/me` to `DELETE /users/{id}`, since frameworks differ on whether it would.

mod read;

pub use read::{read, syntax};

use super::cors::Cors;
use super::path::{Target, TargetError};
use super::strict;
use crate::mapping::{ColumnKind, ContextType, Mapping};
use crate::name::Uid;
use crate::rows::normal_uuid;
use http::{HeaderMap, HeaderName, Method};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt;

/// The most routes of one pack.
pub const MAX_ROUTES: usize = 1000;

/// The longest id of an entity, in bytes.
pub const MAX_ID_BYTES: usize = 512;

/// The largest body that a route reads where it gives no `body_limit`.
pub const DEFAULT_BODY_LIMIT: usize = 64 * 1024;

/// The largest `body_limit` that a route may give: a Worker has 128 MB for everything.
pub const MAX_BODY_LIMIT: usize = 8 * 1024 * 1024;

/// Below this path the gate answers itself; no route reaches there.
pub const OWN_PREFIX: &str = ".palisade";

/// The one other address of the gate's own, by the segments of its path: what the decision point says of itself.
const OWN_WELL_KNOWN: [&str; 2] = [".well-known", "authzen-configuration"];

/// Whether the gate answers this itself. It is never forwarded.
pub(super) fn is_own(target: &Target) -> bool {
    is_own_path(target.segments().iter().map(String::as_str))
}

/// As [`is_own`], by the first segments of a path.
fn is_own_path<'a>(segments: impl Iterator<Item = &'a str>) -> bool {
    let first: Vec<&str> = segments.take(OWN_WELL_KNOWN.len()).collect();
    first.first() == Some(&OWN_PREFIX) || first == OWN_WELL_KNOWN
}

/// The routes of one pack, ready to be asked.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Routes {
    routes: Vec<Route>,
    /// The most specific first.
    places: Vec<Place>,
}

/// One route, as far as it is for others to see.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Route {
    /// The path as it was written.
    pub path: String,
    #[serde(with = "methods")]
    pub methods: Vec<Method>,
    /// The line of `routes.toml`, from 1.
    pub line: u32,
    /// Which pages of other origins may read its answers; where it is left out, the application says that itself.
    pub cors: Option<Cors>,
    kind: RouteKind,
    /// The names of the path's parameters, in their order.
    parameters: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum RouteKind {
    Public,
    Guarded(Guarded),
}

/// What a guarded route asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Guarded {
    action: String,
    resource_type: String,
    resource_id: Template,
    context: Vec<(String, ContextType, ContextSource)>,
    body_limit: usize,
}

/// One shape of path, and the routes on it by method.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Place {
    segments: Vec<Segment>,
    /// The routes by their number in `Routes::routes`.
    #[serde(with = "numbered")]
    methods: Vec<(Method, usize)>,
}

/// Part of a path's shape. The order of variants is the order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Segment {
    Literal(String),
    Parameter,
    Rest,
}

/// Text made from a request: literals, and what stands in braces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Part {
    Literal(String),
    Path(String),
    Query(String),
    Header(#[serde(with = "header_name")] HeaderName),
    /// An RFC 6901 pointer.
    Body(String),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum ContextSource {
    Text(Template),
    Entity { kind: String, id: Template },
    Constant(Value),
}

/// What the routes say to one method and path.
#[derive(Debug)]
pub enum Match<'a> {
    /// A route of the pack.
    Found(Found<'a>),
    /// The path is known, the method is not; these are.
    WrongMethod(Vec<Method>),
    /// No route has this path.
    Unknown,
}

/// What the routes say to the preflight of a page (Fetch 4.8).
#[derive(Debug)]
pub enum Preflight<'a> {
    /// The page may send the method that it asks about, and these.
    Admitted(&'a Cors, Vec<Method>),
    /// It may not.
    Refused,
    /// No route of this path says who may, and one takes OPTIONS: the application answers itself.
    Request,
    /// No route has this path.
    Unknown,
}

/// A route and the parameters of the path that led to it.
#[derive(Debug)]
pub struct Found<'a> {
    pub route: &'a Route,
    parameters: BTreeMap<&'a str, String>,
}

/// The parts of a request that a route may read.
pub struct Parts<'a> {
    pub target: &'a Target,
    pub headers: &'a HeaderMap,
    /// The body, where [`Route::body_limit`] asked for it and one came.
    pub body: Option<&'a Value>,
}

/// What the gate asks the engine, save for who asks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Question {
    pub action: String,
    pub resource: Uid,
    /// Attributes of the request, in Cedar's JSON form.
    pub context: Map<String, Value>,
}

/// Why a request does not hold what its route reads; the answer is 400.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRequest {
    /// `incomplete`, or `bad-id`: an id that no row of its type can have.
    pub code: &'static str,
    /// A sentence for whoever sent it.
    pub detail: String,
}

impl BadRequest {
    fn new(detail: impl Into<String>) -> BadRequest {
        BadRequest { code: "incomplete", detail: detail.into() }
    }

    fn bad_id(detail: impl Into<String>) -> BadRequest {
        BadRequest { code: "bad-id", detail: detail.into() }
    }

    /// The same about an id that was read from `source`.
    fn read_from(self, source: &Template) -> BadRequest {
        match source.wanted() {
            wanted if wanted.is_empty() => self,
            wanted => BadRequest { detail: format!("{wanted}: {}", self.detail), ..self },
        }
    }
}

impl fmt::Display for BadRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for BadRequest {}

impl From<TargetError> for BadRequest {
    fn from(error: TargetError) -> BadRequest {
        BadRequest::new(error.to_string())
    }
}

impl Route {
    /// Whether requests are forwarded without asking anybody.
    pub fn is_public(&self) -> bool {
        matches!(self.kind, RouteKind::Public)
    }

    /// How many bytes of the body the route needs to see at most; `None` where it reads none of it.
    pub fn body_limit(&self) -> Option<usize> {
        match &self.kind {
            RouteKind::Guarded(guarded) if guarded.reads_body() => Some(guarded.body_limit),
            _ => None,
        }
    }

    /// The action that it asks for; `None` for a public route.
    pub fn action(&self) -> Option<&str> {
        match &self.kind {
            RouteKind::Public => None,
            RouteKind::Guarded(guarded) => Some(&guarded.action),
        }
    }
}

impl Guarded {
    fn templates(&self) -> impl Iterator<Item = &Template> {
        let context = self.context.iter().filter_map(|(_, _, source)| match source {
            ContextSource::Text(template) | ContextSource::Entity { id: template, .. } => Some(template),
            ContextSource::Constant(_) => None,
        });
        std::iter::once(&self.resource_id).chain(context)
    }

    fn reads_body(&self) -> bool {
        self.templates().any(|template| template.0.iter().any(|part| matches!(part, Part::Body(_))))
    }
}

/// Methods as texts.
mod methods {
    use super::numbered;
    use http::Method;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(methods: &[Method], serializer: S) -> Result<S::Ok, S::Error> {
        methods.iter().map(Method::as_str).collect::<Vec<&str>>().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Method>, D::Error> {
        Vec::<String>::deserialize(deserializer)?.iter().map(|text| numbered::method(text)).collect()
    }
}

/// Methods as texts, each with a number.
mod numbered {
    use http::Method;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(methods: &[(Method, usize)], serializer: S) -> Result<S::Ok, S::Error> {
        methods.iter().map(|(method, at)| (method.as_str(), *at)).collect::<Vec<(&str, usize)>>().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(Method, usize)>, D::Error> {
        let all = Vec::<(String, usize)>::deserialize(deserializer)?;
        all.into_iter().map(|(text, at)| Ok((method(&text)?, at))).collect()
    }

    pub fn method<E: Error>(text: &str) -> Result<Method, E> {
        Method::from_bytes(text.as_bytes()).map_err(E::custom)
    }
}

/// A header's name as a text.
mod header_name {
    use http::HeaderName;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(name: &HeaderName, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(name.as_str())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HeaderName, D::Error> {
        HeaderName::from_bytes(String::deserialize(deserializer)?.as_bytes()).map_err(D::Error::custom)
    }
}

impl Routes {
    /// The routes as a bundle carries them: reading them again takes no reader of TOML.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("routes hold only texts, numbers, lists and maps with texts as keys")
    }

    /// The routes of a bundle.
    ///
    /// # Errors
    /// It is not what [`Routes::to_text`] wrote.
    pub fn from_text(text: &str) -> Result<Routes, String> {
        let routes: Routes =
            serde_json::from_str(text).map_err(|error| format!("the routes cannot be read: {error}"))?;
        let known = routes.places.iter().flat_map(|place| &place.methods).all(|(_, at)| *at < routes.routes.len());
        if !known || routes.routes.len() > MAX_ROUTES {
            return Err("the routes are damaged".to_string());
        }
        Ok(routes)
    }

    /// Every route, in the order of the file.
    pub fn all(&self) -> &[Route] {
        &self.routes
    }

    /// The route of a request.
    pub fn find(&self, method: &Method, target: &Target) -> Match<'_> {
        let Some(place) = self.places.iter().find(|place| place.matches(target.segments())) else {
            return Match::Unknown;
        };
        let on = |wanted: &Method| place.methods.iter().find(|(method, _)| method == wanted).map(|(_, at)| *at);
        // HEAD is GET without the body (RFC 9110 9.3.2): whoever may not GET learns nothing by HEAD.
        let at = on(method).or_else(|| if method == Method::HEAD { on(&Method::GET) } else { None });
        match at {
            Some(at) => {
                let route = &self.routes[at];
                Match::Found(Found { route, parameters: place.parameters(&route.parameters, target.segments()) })
            }
            None => {
                let mut methods: Vec<Method> = place.methods.iter().map(|(method, _)| method.clone()).collect();
                if methods.contains(&Method::GET) && !methods.contains(&Method::HEAD) {
                    methods.push(Method::HEAD);
                }
                methods.sort_by(|a, b| a.as_str().cmp(b.as_str()));
                Match::WrongMethod(methods)
            }
        }
    }
}

impl Routes {
    /// What a page of `origin` is told that asks whether it may send `asked`.
    pub fn preflight(&self, asked: &Method, origin: &str, target: &Target) -> Preflight<'_> {
        let Some(place) = self.places.iter().find(|place| place.matches(target.segments())) else {
            return Preflight::Unknown;
        };
        let cors = |(_, at): &(Method, usize)| self.routes[*at].cors.as_ref();
        let declared = |wanted: &Method| place.methods.iter().find(|(method, _)| method == wanted);
        if declared(&Method::OPTIONS).is_some() && place.methods.iter().all(|entry| cors(entry).is_none()) {
            return Preflight::Request;
        }
        let admits = |entry: &(Method, usize)| cors(entry).filter(|cors| cors.admits(origin));
        let asked = declared(asked).or_else(|| declared(&Method::GET).filter(|_| asked == Method::HEAD));
        match asked.and_then(admits) {
            Some(cors) => {
                let methods = place.methods.iter().filter(|entry| admits(entry).is_some());
                Preflight::Admitted(cors, methods.map(|(method, _)| method.clone()).collect())
            }
            None => Preflight::Refused,
        }
    }
}

impl Place {
    fn matches(&self, segments: &[String]) -> bool {
        let mut at = 0;
        for own in &self.segments {
            match own {
                // One segment or more, the first of which says something.
                Segment::Rest => return segments.get(at).is_some_and(|segment| !segment.is_empty()),
                Segment::Parameter if segments.get(at).is_some_and(|segment| !segment.is_empty()) => {}
                Segment::Literal(literal) if segments.get(at) == Some(literal) => {}
                _ => return false,
            }
            at += 1;
        }
        at == segments.len()
    }

    fn parameters<'a>(&self, names: &'a [String], segments: &[String]) -> BTreeMap<&'a str, String> {
        let mut names = names.iter();
        let mut all = BTreeMap::new();
        for (at, own) in self.segments.iter().enumerate() {
            let value = match own {
                Segment::Literal(_) => continue,
                Segment::Parameter => segments[at].clone(),
                Segment::Rest => segments[at..].join("/"),
            };
            if let Some(name) = names.next() {
                all.insert(name.as_str(), value);
            }
        }
        all
    }
}

impl Found<'_> {
    /// What the engine is to be asked; `None` for a public route.
    ///
    /// # Errors
    /// The request lacks something that the route reads, or gives it twice.
    pub fn question(&self, mapping: &Mapping, parts: &Parts<'_>) -> Result<Option<Question>, BadRequest> {
        let RouteKind::Guarded(guarded) = &self.route.kind else { return Ok(None) };
        let id = self
            .text(&guarded.resource_id, parts)?
            .ok_or_else(|| BadRequest::new(format!("the request lacks {}", guarded.resource_id.wanted())))?;
        let resource = entity_id(mapping, &guarded.resource_type, &id);
        let resource = resource.map_err(|error| error.read_from(&guarded.resource_id))?;
        let resource = Uid::new(&guarded.resource_type, resource);
        let mut context = Map::new();
        for (name, kind, source) in &guarded.context {
            let value = match source {
                ContextSource::Constant(value) => Some(value.clone()),
                ContextSource::Entity { kind, id } => match self.text(id, parts)? {
                    Some(text) => {
                        let id = entity_id(mapping, kind, &text).map_err(|error| error.read_from(id))?;
                        Some(json!({ "__entity": { "type": kind, "id": id } }))
                    }
                    None => None,
                },
                ContextSource::Text(template) => self.context_value(template, kind, parts)?,
            };
            match value {
                Some(value) => {
                    context.insert(name.clone(), value);
                }
                None if kind.optional => {}
                None => return Err(BadRequest::new(format!("the request lacks {}", source.wanted()))),
            }
        }
        Ok(Some(Question { action: guarded.action.clone(), resource, context }))
    }

    /// The text of a template; `None` where something in it is absent.
    fn text(&self, template: &Template, parts: &Parts<'_>) -> Result<Option<String>, BadRequest> {
        let mut out = String::new();
        for part in &template.0 {
            let piece = match part {
                Part::Literal(text) => Some(text.clone()),
                Part::Path(name) => self.parameters.get(name.as_str()).cloned(),
                Part::Query(name) => parts.target.parameter(name)?,
                Part::Header(name) => header(parts.headers, name)?,
                Part::Body(pointer) => match body_at(parts.body, pointer)? {
                    Some(value) => Some(id_text(value, pointer)?),
                    None => None,
                },
            };
            match piece {
                Some(piece) => out.push_str(&piece),
                None => return Ok(None),
            }
        }
        Ok(Some(out))
    }

    /// A context attribute of a plain type, in Cedar's JSON form.
    fn context_value(
        &self,
        template: &Template,
        kind: &ContextType,
        parts: &Parts<'_>,
    ) -> Result<Option<Value>, BadRequest> {
        // A body has types of its own: `"true"` is no boolean there.
        if let [Part::Body(pointer)] = template.0.as_slice() {
            let Some(value) = body_at(parts.body, pointer)? else { return Ok(None) };
            let fits = match kind.name.as_str() {
                "Bool" => value.is_boolean(),
                "Long" => value.is_i64(),
                "Set<String>" => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
                _ => value.is_string(),
            };
            if !fits {
                return Err(BadRequest::new(format!("`{pointer}` of the body is no {}", kind.name)));
            }
            return Ok(Some(match value {
                Value::String(text) => typed(text, kind).ok_or_else(|| template.unfit(kind))?,
                other => other.clone(),
            }));
        }
        match self.text(template, parts)? {
            Some(text) => typed(&text, kind).map(Some).ok_or_else(|| template.unfit(kind)),
            None => Ok(None),
        }
    }
}

impl Template {
    /// What it reads, for a sentence.
    fn wanted(&self) -> String {
        let names: Vec<String> = self
            .0
            .iter()
            .filter_map(|part| match part {
                Part::Literal(_) => None,
                Part::Path(name) => Some(format!("`{name}` in its path")),
                Part::Query(name) => Some(format!("the query parameter `{name}`")),
                Part::Header(name) => Some(format!("the header `{name}`")),
                Part::Body(pointer) => Some(format!("`{pointer}` in its JSON body")),
            })
            .collect();
        names.join(" or ")
    }

    fn unfit(&self, kind: &ContextType) -> BadRequest {
        BadRequest::new(format!("{} is no {}", self.wanted(), kind.name))
    }
}

impl ContextSource {
    fn wanted(&self) -> String {
        match self {
            ContextSource::Text(template) | ContextSource::Entity { id: template, .. } => template.wanted(),
            ContextSource::Constant(_) => String::new(),
        }
    }
}

/// Text as a value of a context type, in Cedar's JSON form; `None` where it is none.
pub(super) fn typed(text: &str, kind: &ContextType) -> Option<Value> {
    let extension = |function: &str| Some(json!({ "__extn": { "fn": function, "arg": text } }));
    match kind.name.as_str() {
        "String" => Some(Value::from(text)),
        "Bool" => match text {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        "Long" => text.parse::<i64>().ok().filter(|_| is_long(text)).map(Value::from),
        "decimal" => extension("decimal"),
        "datetime" => extension("datetime"),
        "ipaddr" => extension("ip"),
        "Set<String>" => None,
        entity => entity_text(text).map(|id| json!({ "__entity": { "type": entity, "id": id } })),
    }
}

/// The id by which rows of `type_name` are known, from text of a request. That no row has it is for the engine to find.
///
/// One spelling an id: the origin must not find another row by it than the one that was decided on. So the id of a whole
/// number has neither sign nor zeros that it could do without, and what any reader of UUIDs would take for one has one of
/// the two forms that databases store. (A column for UUIDs of SQLite may well hold other text, which is compared as it is.)
///
/// # Errors
/// The text can be no id: it is empty, too long, has control characters, or is no id of that column's type.
pub fn entity_id(mapping: &Mapping, type_name: &str, text: &str) -> Result<String, BadRequest> {
    let id = entity_text(text).ok_or_else(|| {
        BadRequest::bad_id(format!("an id must have 1 to {MAX_ID_BYTES} bytes and no control characters"))
    })?;
    let column = mapping.entity(type_name).and_then(|(table, entity)| table.column(&entity.id));
    match column.map(|column| column.kind) {
        Some(ColumnKind::Long) if !is_long(id) => {
            Err(BadRequest::bad_id("the id must be a whole number, with no `+` and no `0` in front"))
        }
        Some(ColumnKind::Uuid) => {
            let normal = normal_uuid(id);
            let is_normal = normal.len() == 36 && uuid::Uuid::try_parse(&normal).is_ok();
            match is_normal || !is_like_uuid(id) {
                true => Ok(normal),
                false => Err(BadRequest::bad_id("the id must be a UUID with its four hyphens, or with none")),
            }
        }
        _ => Ok(id.to_string()),
    }
}

/// One spelling a number: the origin must not read another one in `+1` or `01`.
fn is_long(text: &str) -> bool {
    text.parse::<i64>().is_ok_and(|number| number.to_string() == text)
}

/// Whether some reader takes this for a UUID: with braces, behind `urn:uuid:`, with hyphens elsewhere (PostgreSQL), in parts
/// with `0x` (.NET), or with the digits of another script (Python).
fn is_like_uuid(text: &str) -> bool {
    let bare: String = text.to_lowercase().replace("urn:uuid:", "").replace("0x", "");
    let bare: Vec<char> = bare.chars().filter(|c| c.is_alphanumeric()).collect();
    bare.len() == 32 && bare.iter().all(|c| c.is_ascii_hexdigit() || (!c.is_ascii() && c.is_numeric()))
}

fn entity_text(text: &str) -> Option<&str> {
    let fits = !text.is_empty() && text.len() <= MAX_ID_BYTES && !text.chars().any(char::is_control);
    fits.then_some(text)
}

/// The one value of a header.
fn header(headers: &HeaderMap, name: &HeaderName) -> Result<Option<String>, BadRequest> {
    // CGI and its heirs read `X_Tenant` and `X-Tenant` as one variable.
    let folded = name.as_str().replace('_', "-");
    if headers.keys().any(|key| key != name && key.as_str().replace('_', "-") == folded) {
        return Err(BadRequest::new(format!("a header is spelt like `{name}`, but with `_` for `-`")));
    }
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(BadRequest::new(format!("the header `{name}` is given twice")));
    }
    match value.to_str() {
        Ok(text) => Ok(Some(text.trim_matches([' ', '\t']).to_string())),
        Err(_) => Err(BadRequest::new(format!("the header `{name}` has characters beyond ASCII"))),
    }
}

fn body_at<'a>(body: Option<&'a Value>, pointer: &str) -> Result<Option<&'a Value>, BadRequest> {
    match body {
        Some(body) => strict::at(body, pointer).map_err(|why| BadRequest::new(why.to_string())),
        None => Ok(None),
    }
}

/// An id from JSON: text, or a whole number that every reader of JSON reads as the same number (RFC 7493 2.2).
fn id_text(value: &Value, pointer: &str) -> Result<String, BadRequest> {
    const EXACT: i64 = (1 << 53) - 1;
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) if number.as_i64().is_some_and(|n| (-EXACT..=EXACT).contains(&n)) => {
            Ok(number.to_string())
        }
        _ => Err(BadRequest::new(format!("`{pointer}` of the body is neither text nor a whole number below 2^53"))),
    }
}

/// What the gate would ask for a request, for `palisade route`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Explanation {
    /// The path is refused with this status before any route is looked at.
    Malformed { status: u16, because: String },
    /// No route has this path: 404.
    NoRoute,
    /// A route has this path, but not this method: 405.
    WrongMethod { allow: Vec<String> },
    /// The gate answers itself.
    Own,
    /// Forwarded without asking anybody.
    Public { route: String, line: u32 },
    /// The engine is asked whether the caller may do this.
    Asks {
        route: String,
        line: u32,
        action: String,
        /// An entity literal, or the type and what its id is read from.
        resource: String,
        /// Attribute and value, or what the value is read from.
        context: BTreeMap<String, String>,
    },
    /// The route is found and the request lacks something that it reads: 400.
    Incomplete { route: String, line: u32, because: String },
}

/// What the gate would do with `method` and `path` (a query may follow it), without headers and body: what a route reads
/// from these is shown as the route writes it.
pub fn explain(routes: &Routes, mapping: &Mapping, method: &Method, path: &str) -> Explanation {
    let target = match Target::read(path) {
        Ok(target) => target,
        Err(error) => {
            let status = if error == TargetError::TooLong { 414 } else { 400 };
            return Explanation::Malformed { status, because: error.to_string() };
        }
    };
    if is_own(&target) {
        return Explanation::Own;
    }
    let found = match routes.find(method, &target) {
        Match::Unknown => return Explanation::NoRoute,
        Match::WrongMethod(methods) => {
            return Explanation::WrongMethod { allow: methods.iter().map(Method::to_string).collect() };
        }
        Match::Found(found) => found,
    };
    let (route, line) = (format!("{method} {}", found.route.path), found.route.line);
    let RouteKind::Guarded(guarded) = &found.route.kind else { return Explanation::Public { route, line } };
    let parts = Parts { target: &target, headers: &HeaderMap::new(), body: None };
    // The text of a template, or the template itself where headers or body have it, or nothing where the request lacks it.
    let shown = |template: &Template| -> Result<Option<Result<String, String>>, BadRequest> {
        let elsewhere = template.0.iter().any(|part| matches!(part, Part::Header(_) | Part::Body(_)));
        Ok(match found.text(template, &parts)? {
            Some(text) => Some(Ok(text)),
            None => elsewhere.then(|| Err(template.to_string())),
        })
    };
    let entity = |kind: &str, template: &Template| -> Result<Option<String>, BadRequest> {
        Ok(match shown(template)? {
            Some(Ok(id)) => {
                let id = entity_id(mapping, kind, &id).map_err(|error| error.read_from(template))?;
                Some(Uid::new(kind, id).to_string())
            }
            Some(Err(source)) => Some(format!("{kind} {source}")),
            None => None,
        })
    };
    let asks = || -> Result<Explanation, BadRequest> {
        let mut context = BTreeMap::new();
        for (name, kind, source) in &guarded.context {
            let value = match source {
                ContextSource::Constant(value) => Some(value.to_string()),
                ContextSource::Entity { kind, id } => entity(kind, id)?,
                ContextSource::Text(template) => match shown(template)? {
                    Some(Ok(text)) => Some(typed(&text, kind).map(|_| text).ok_or_else(|| template.unfit(kind))?),
                    Some(Err(source)) => Some(source),
                    None => None,
                },
            };
            match value {
                Some(value) => {
                    context.insert(name.clone(), value);
                }
                None if kind.optional => {}
                None => return Err(BadRequest::new(format!("the request lacks {}", source.wanted()))),
            }
        }
        let resource = entity(&guarded.resource_type, &guarded.resource_id)?
            .ok_or_else(|| BadRequest::new(format!("the request lacks {}", guarded.resource_id.wanted())))?;
        let action = guarded.action.clone();
        Ok(Explanation::Asks { route: route.clone(), line, action, resource, context })
    };
    asks().unwrap_or_else(|error| Explanation::Incomplete { route: route.clone(), line, because: error.detail })
}

/// As it is written in `routes.toml`.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                Part::Literal(text) => f.write_str(text)?,
                Part::Path(name) => write!(f, "{{{name}}}")?,
                Part::Query(name) => write!(f, "{{query.{name}}}")?,
                Part::Header(name) => write!(f, "{{header.{name}}}")?,
                Part::Body(pointer) => write!(f, "{{body.{pointer}}}")?,
            }
        }
        Ok(())
    }
}
