// SPDX-License-Identifier: Apache-2.0
//! `routes.toml` into routes, with a finding for each thing that would surprise at run time.

use super::{
    ContextSource, DEFAULT_BODY_LIMIT, Guarded, MAX_BODY_LIMIT, MAX_ROUTES, Part, Place, Route, RouteKind, Routes,
    Segment, Template,
};
use crate::gateway::config::is_token;
use crate::gateway::cors::{Cors, MAX_CORS_AGE_SECONDS, check_origin};
use crate::gateway::headers;
use crate::gateway::path;
use crate::mapping::{ContextType, Mapping, Meaning};
use crate::name::nearest;
use crate::report::{Finding, Place as At};
use http::{HeaderName, Method};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use toml_edit::{Document, Item, Table, TableLike, Value};

/// Reads the routes of a pack. Where a finding is an error there are no routes at all: without the one that is wrong, a
/// less specific one would match in its place, and that one may be public.
pub fn read(text: &str, mapping: &Mapping) -> (Routes, Vec<Finding>) {
    let mut reader = Reader { text, mapping, findings: Vec::new() };
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let message = format!("this is not TOML: {}", first_line(error.message()));
            reader.error("routes/toml", message, error.span(), "correct it as https://toml.io describes");
            return (Routes::default(), reader.findings);
        }
    };
    let routes = reader.file(document.as_table());
    match reader.findings.iter().any(Finding::is_error) {
        true => (Routes::default(), reader.findings),
        false => (routes, reader.findings),
    }
}

/// What is wrong with routes before anybody knows a model for them.
pub fn syntax(text: &str) -> Vec<Finding> {
    let (_, findings) = read(text, &Mapping::default());
    findings.into_iter().filter(|finding| finding.code == "routes/toml").collect()
}

struct Reader<'a> {
    text: &'a str,
    mapping: &'a Mapping,
    findings: Vec<Finding>,
}

const ROUTE_KEYS: [&str; 8] = ["method", "path", "action", "resource", "context", "body_limit", "public", "cors"];

const CORS_KEYS: [&str; 5] = ["origins", "headers", "expose", "credentials", "max_age"];

/// How long a browser may remember what a preflight was told where nothing says so, in seconds.
const CORS_AGE_SECONDS: u32 = 600;

/// Methods that a route may have. CONNECT and TRACE are none of an application's, and a Worker cannot forward them.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

impl Reader<'_> {
    fn error(&mut self, code: &'static str, message: String, span: Option<Range<usize>>, help: impl Into<String>) {
        let finding = Finding::error(code, message).help(help);
        self.push(finding, span);
    }

    fn push(&mut self, finding: Finding, span: Option<Range<usize>>) {
        self.findings.push(match span {
            Some(span) => finding.at(At::of(self.text, span.start, span.end)),
            None => finding,
        });
    }

    fn line(&self, span: Option<Range<usize>>) -> u32 {
        span.map_or(0, |span| At::of(self.text, span.start, span.end).line)
    }

    fn file(&mut self, root: &Table) -> Routes {
        let mut routes = Routes::default();
        for (key, item) in root.iter() {
            if key != "route" && key != "cors" {
                let span = root.key(key).and_then(|key| key.span()).or_else(|| item.span());
                self.error(
                    "routes/unknown-key",
                    format!("`{key}` means nothing here"),
                    span,
                    "write `[[route]]` sections, and `[cors]` before them",
                );
            }
        }
        let usual = root.get("cors").and_then(|item| self.cors(item, None));
        let tables = match root.get("route") {
            None => return routes,
            Some(Item::ArrayOfTables(tables)) => tables,
            Some(other) => {
                let help = "write each route as a section of its own, headed `[[route]]`";
                self.error("routes/shape", "`route` is no list of sections".to_string(), other.span(), help);
                return routes;
            }
        };
        if tables.len() > MAX_ROUTES {
            let message = format!("{} routes are more than the {MAX_ROUTES} that a gate takes", tables.len());
            let help = "gather paths with `{name}` or `{name...}`";
            self.error("routes/too-many", message, tables.get(MAX_ROUTES).and_then(Table::span), help);
        }
        let mut places: BTreeMap<Vec<Segment>, Vec<(Method, usize)>> = BTreeMap::new();
        for table in tables.iter().take(MAX_ROUTES) {
            let Some((route, segments)) = self.route(table, usual.as_ref()) else { continue };
            let methods = places.entry(segments).or_default();
            let at = routes.routes.len();
            for method in &route.methods {
                match methods.iter().find(|(other, _)| other == method) {
                    Some((_, first)) => {
                        let first = &routes.routes[*first];
                        let message = format!(
                            "`{method} {}` matches the same requests as `{}` on line {}",
                            route.path, first.path, first.line
                        );
                        self.error("routes/same", message, value_span(table, "path"), "leave one of the two out");
                    }
                    None => methods.push((method.clone(), at)),
                }
            }
            routes.routes.push(route);
        }
        // A map in the order of its keys: the most specific path stands first.
        routes.places = places.into_iter().map(|(segments, methods)| Place { segments, methods }).collect();
        routes
    }

    fn route(&mut self, table: &Table, usual: Option<&Cors>) -> Option<(Route, Vec<Segment>)> {
        let before = self.findings.iter().filter(|finding| finding.is_error()).count();
        self.known_keys(table, &ROUTE_KEYS, "a route");
        let methods = self.methods(table);
        let path = self.path(table);
        let public = match table.get("public") {
            None => false,
            Some(item) => item.as_bool().unwrap_or_else(|| {
                self.error(
                    "routes/type",
                    "`public` is neither true nor false".into(),
                    item.span(),
                    "write `public = true`",
                );
                false
            }),
        };
        let parameters = path.as_ref().map(|(_, _, parameters)| parameters.clone()).unwrap_or_default();
        let kind = if public {
            for key in ["action", "resource", "context", "body_limit"] {
                if let Some((key, item)) = table.get_key_value(key) {
                    let message = format!("a public route asks nobody, so that its `{}` would mean nothing", key.get());
                    let help = "leave out either `public = true` or the rest";
                    self.error("routes/public", message, key.span().or_else(|| item.span()), help);
                }
            }
            if let Some((path, segments, _)) = &path
                && segments.first() == Some(&Segment::Rest)
            {
                let message = format!("`{path}` forwards every path that no other route names, without asking anybody");
                let help = "name the public paths, as in `/assets/{rest...}`";
                let finding = Finding::warning("routes/all-public", message).help(help);
                self.push(finding, value_span(table, "path"));
            }
            Some(RouteKind::Public)
        } else {
            self.guarded(table, &methods, &parameters).map(RouteKind::Guarded)
        };
        let cors = match table.get("cors") {
            None => usual.cloned(),
            Some(item) if item.as_bool() == Some(false) => None,
            Some(item) => self.cors(item, usual),
        };
        let after = self.findings.iter().filter(|finding| finding.is_error()).count();
        let (path, segments, parameters) = path?;
        let line = self.line(value_span(table, "path"));
        let route = Route { path, methods, line, cors, kind: kind?, parameters };
        (before == after).then_some((route, segments))
    }

    /// Which pages may read: `[cors]` before the routes, or `cors = { … }` of one, which goes before it key by key.
    fn cors(&mut self, item: &Item, usual: Option<&Cors>) -> Option<Cors> {
        let help = "write `cors = { origins = [\"https://app.example.com\"] }`, or `cors = false`";
        let Some(table) = item.as_table_like() else {
            self.error("routes/cors", "`cors` does not say which `origins` may read".into(), item.span(), help);
            return None;
        };
        self.known_keys(table, &CORS_KEYS, "`cors`");
        let mut cors = usual.cloned().unwrap_or(Cors { max_age: CORS_AGE_SECONDS, ..Cors::default() });
        if let Some(origins) = self.texts(table, "origins", "[\"https://app.example.com\"]") {
            for (origin, span) in &origins {
                if origin != "*"
                    && let Err(why) = check_origin(origin)
                {
                    self.error("routes/cors", format!("`{origin}` is no origin of a page"), span.clone(), why);
                }
            }
            cors.origins = origins.into_iter().map(|(origin, _)| origin).collect();
        }
        for (key, headers) in [("headers", &mut cors.headers), ("expose", &mut cors.expose)] {
            let Some(names) = self.texts(table, key, "[\"content-type\"]") else { continue };
            for (name, span) in &names {
                if !is_token(name) || name == "*" {
                    let help = "write the names of headers, each by itself";
                    self.error("routes/cors", format!("`{name}` is no name of a header"), span.clone(), help);
                }
            }
            *headers = names.into_iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        }
        if let Some(item) = table.get("credentials") {
            cors.credentials = item.as_bool().unwrap_or_else(|| {
                let message = "`credentials` is neither true nor false".to_string();
                self.error("routes/cors", message, item.span(), "write `credentials = true`");
                false
            });
        }
        if let Some(item) = table.get("max_age") {
            let seconds = item.as_integer().and_then(|seconds| u32::try_from(seconds).ok());
            cors.max_age = seconds.filter(|seconds| *seconds <= MAX_CORS_AGE_SECONDS).unwrap_or_else(|| {
                let message = format!("`max_age` is no whole number of seconds from 0 to {MAX_CORS_AGE_SECONDS}");
                self.error("routes/cors", message, item.span(), "write `max_age = 600`");
                0
            });
        }
        let span = table.get("origins").and_then(Item::span).or_else(|| item.span());
        if cors.origins.is_empty() {
            self.error("routes/cors", "`cors` names no `origins`".into(), span, help);
        } else if cors.origins.iter().any(|origin| origin == "*") && (cors.credentials || cors.origins.len() > 1) {
            let message = match cors.credentials {
                true => "with `credentials`, every site could read what its visitors may",
                false => "`*` is every origin, so that the others would mean nothing",
            };
            let help = "name the origins, or leave `*` alone and without `credentials`";
            self.error("routes/cors", message.into(), span, help);
        }
        Some(cors)
    }

    /// A list of texts, each with its place; `None` where there is none.
    fn texts(
        &mut self,
        table: &dyn TableLike,
        key: &str,
        example: &str,
    ) -> Option<Vec<(String, Option<Range<usize>>)>> {
        let item = table.get(key)?;
        let items = item.as_array().map(|array| array.iter().collect::<Vec<&Value>>()).unwrap_or_default();
        let texts = items.iter().map(|value| value.as_str().map(|text| (text.to_string(), value.span())));
        let texts = texts.collect::<Option<Vec<_>>>().filter(|_| item.as_array().is_some());
        if texts.is_none() {
            let message = format!("`{key}` is no list of texts");
            self.error("routes/cors", message, item.span(), format!("write `{key} = {example}`"));
        }
        texts
    }

    fn known_keys(&mut self, table: &dyn TableLike, known: &[&'static str], what: &str) {
        for (key, item) in table.iter() {
            if !known.contains(&key) {
                let span = table.key(key).and_then(|key| key.span()).or_else(|| item.span());
                let help = match nearest(key, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("{what} has {}", list(known)),
                };
                self.error("routes/unknown-key", format!("{what} has no `{key}`"), span, help);
            }
        }
    }

    fn methods(&mut self, table: &Table) -> Vec<Method> {
        let help = format!("write one of {}, or a list of them", list(&METHODS));
        let Some(item) = table.get("method") else {
            self.error("routes/missing", "this route has no `method`".into(), table.span(), help);
            return Vec::new();
        };
        let values: Vec<&Value> = match item.as_value() {
            Some(Value::Array(array)) => array.iter().collect(),
            Some(value) => vec![value],
            None => Vec::new(),
        };
        if values.is_empty() {
            self.error("routes/method", "`method` names no method".into(), item.span(), help.clone());
        }
        let mut methods = Vec::new();
        for value in values {
            let method = value.as_str().filter(|name| METHODS.contains(name));
            match method.and_then(|name| name.parse::<Method>().ok()) {
                Some(method) if methods.contains(&method) => {
                    self.error("routes/method", format!("`{method}` stands twice"), value.span(), "leave one out");
                }
                Some(method) => methods.push(method),
                None => {
                    let shown = value.as_str().map_or_else(|| value.to_string().trim().to_string(), str::to_string);
                    self.error(
                        "routes/method",
                        format!("`{shown}` is no method of a route"),
                        value.span(),
                        help.clone(),
                    );
                }
            }
        }
        methods
    }

    /// The path as written, its shape, and the names of its parameters.
    fn path(&mut self, table: &Table) -> Option<(String, Vec<Segment>, Vec<String>)> {
        let help = "write a path such as `/documents/{id}` or `/assets/{rest...}`";
        let Some(item) = table.get("path") else {
            self.error("routes/missing", "this route has no `path`".into(), table.span(), help);
            return None;
        };
        let Some(path) = item.as_str() else {
            self.error("routes/type", "`path` is no text".into(), item.span(), help);
            return None;
        };
        let fail = |reader: &mut Self, code, message: String, help: &str| {
            reader.error(code, message, item.span(), help);
            None
        };
        let Some(rest) = path.strip_prefix('/') else {
            return fail(self, "routes/path", format!("`{path}` does not begin with `/`"), help);
        };
        if path.contains('?') || path.contains('#') {
            let help = "name the path alone; a query parameter is read with `{query.name}`";
            return fail(self, "routes/path", format!("`{path}` has a query or a fragment"), help);
        }
        let parts: Vec<&str> = rest.split('/').collect();
        if parts.len() > path::MAX_SEGMENTS {
            return fail(self, "routes/path", format!("`{path}` has more than {} segments", path::MAX_SEGMENTS), help);
        }
        let mut segments = Vec::new();
        let mut names: Vec<String> = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            let last = at + 1 == parts.len();
            if let Some(inner) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                let (name, segment) = match inner.strip_suffix("...") {
                    Some(name) => (name, Segment::Rest),
                    None => (inner, Segment::Parameter),
                };
                if !is_parameter_name(name) {
                    let help = "a parameter's name has letters, digits and `_`, as in `{id}`";
                    return fail(self, "routes/path", format!("`{part}` names no parameter"), help);
                }
                if segment == Segment::Rest && !last {
                    let help = "`{rest...}` takes all that follows, so that it stands last";
                    return fail(self, "routes/path", format!("`{part}` is not the end of `{path}`"), help);
                }
                if names.iter().any(|other| other == name) {
                    let help = "give each parameter its own name";
                    return fail(self, "routes/path", format!("`{{{name}}}` stands twice in `{path}`"), help);
                }
                names.push(name.to_string());
                segments.push(segment);
            } else if part.contains(['{', '}']) {
                let help = "a parameter is a whole segment, as in `/files/{name}`";
                return fail(self, "routes/path", format!("`{part}` mixes text and a parameter"), help);
            } else if part.is_empty() && !last {
                let help = "the gate refuses such paths, since servers differ on what they mean; write single slashes";
                return fail(self, "routes/unreachable", format!("`{path}` has an empty segment (`//`)"), help);
            } else {
                match path::literal(part) {
                    Ok(literal) => segments.push(Segment::Literal(literal)),
                    Err(why) => {
                        let message = format!("no request reaches `{path}`: {why}");
                        let help =
                            "the gate refuses such paths, since servers differ on what they mean; choose another";
                        return fail(self, "routes/unreachable", message, help);
                    }
                }
            }
        }
        let literals = segments.iter().map_while(|segment| match segment {
            Segment::Literal(literal) => Some(literal.as_str()),
            _ => None,
        });
        if super::is_own_path(literals) {
            let message = format!("no request reaches `{path}`: there the gate answers itself");
            return fail(self, "routes/unreachable", message, "choose another path");
        }
        Some((path.to_string(), segments, names))
    }

    fn guarded(&mut self, table: &Table, methods: &[Method], parameters: &[String]) -> Option<Guarded> {
        let help = "say what is asked, as in `action = \"READ\"`, or write `public = true`";
        let action = match table.get("action") {
            None => {
                self.error("routes/missing", "this route has no `action`".into(), table.span(), help);
                None
            }
            Some(item) => match item.as_str() {
                Some(action) => {
                    self.declared(action, item);
                    Some(action.to_string())
                }
                None => {
                    self.error("routes/type", "`action` is no text".into(), item.span(), help);
                    None
                }
            },
        };
        let help = "write `resource = { type = \"Document\", id = \"{id}\" }`";
        let resource = match table.get("resource") {
            None => {
                self.error("routes/missing", "this route has no `resource`".into(), table.span(), help);
                None
            }
            Some(item) => self.entity(item, "resource", parameters, help),
        };
        if let (Some(action), Some((kind, _))) = (&action, &resource) {
            self.fits(action, kind, table);
        }
        let context = self.context(table, action.as_deref(), parameters);
        let body_limit = self.body_limit(table);
        let (resource_type, resource_id) = resource?;
        let guarded = Guarded {
            action: action?,
            resource_type,
            resource_id,
            context: context?,
            body_limit: body_limit.unwrap_or(DEFAULT_BODY_LIMIT),
        };
        if body_limit.is_some() && !guarded.reads_body() {
            let message = "`body_limit` limits nothing here: the route reads no `{body…}`".to_string();
            let finding = Finding::warning("routes/body-limit", message).help("leave it out");
            self.push(finding, value_span(table, "body_limit"));
        }
        let bodiless = [Method::GET, Method::HEAD, Method::DELETE];
        if guarded.reads_body() && methods.iter().any(|method| bodiless.contains(method)) {
            let message = "the route reads a body, and GET, HEAD and DELETE have none that servers agree on";
            let help = "read the path, the query or a header, or give the other methods a route of their own";
            self.error("routes/body", message.to_string(), value_span(table, "method"), help);
        }
        Some(guarded)
    }

    /// Reports an action that neither the model nor its tables' owners and members declare.
    fn declared(&mut self, action: &str, item: &Item) {
        let known = self.mapping.declared_actions();
        if known.contains_key(action) {
            return;
        }
        let help = match nearest(action, known.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`? Otherwise declare it in model.toml: `[action.{action:?}]`"),
            None => format!("declare it in model.toml: `[action.{action:?}]`"),
        };
        self.error("routes/unknown-action", format!("no action is called `{action}`"), item.span(), help);
    }

    fn fits(&mut self, action: &str, kind: &str, table: &Table) {
        let Some(declared) = self.mapping.actions.get(action) else { return };
        if !declared.resources.is_empty() && !declared.resources.iter().any(|own| own == kind) {
            let own: Vec<&str> = declared.resources.iter().map(String::as_str).collect();
            let message = format!("`{action}` does not apply to `{kind}`, so that the answer would always be no");
            let help = format!("name a resource of {}, or widen `resources` of the action in model.toml", list(&own));
            self.error("routes/action-resource", message, value_span(table, "resource"), help);
        }
    }

    /// `{ type = "Document", id = "{id}" }`.
    fn entity(&mut self, item: &Item, what: &str, parameters: &[String], help: &str) -> Option<(String, Template)> {
        let Some(table) = item.as_table_like() else {
            self.error("routes/type", format!("`{what}` does not say type and id"), item.span(), help);
            return None;
        };
        self.known_keys(table, &["type", "id"], &format!("`{what}`"));
        let kind = self.text_of(table, "type", what, item, help);
        let id = self.text_of(table, "id", what, item, help);
        if let Some((kind, span)) = &kind {
            let types: Vec<&str> = self.mapping.resource_types().collect();
            if !types.contains(&kind.as_str()) {
                let help = match nearest(kind, types.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the model has {}", list(&types)),
                };
                self.error("routes/unknown-type", format!("no entity type is called `{kind}`"), span.clone(), help);
            }
        }
        let (id, span) = id?;
        let template = self.template(&id, span.clone(), parameters)?;
        if template.0.is_empty() {
            self.error("routes/template", format!("the id of `{what}` is empty"), span, "read it, as in `\"{id}\"`");
            return None;
        }
        Some((kind?.0, template))
    }

    fn text_of(
        &mut self,
        table: &dyn TableLike,
        key: &str,
        what: &str,
        item: &Item,
        help: &str,
    ) -> Option<(String, Option<Range<usize>>)> {
        match table.get(key) {
            None => {
                self.error("routes/missing", format!("`{what}` has no `{key}`"), item.span(), help);
                None
            }
            Some(value) => match value.as_str() {
                Some(text) => Some((text.to_string(), value.span())),
                None => {
                    self.error("routes/type", format!("`{key}` of `{what}` is no text"), value.span(), help);
                    None
                }
            },
        }
    }

    fn context(
        &mut self,
        table: &Table,
        action: Option<&str>,
        parameters: &[String],
    ) -> Option<Vec<(String, ContextType, ContextSource)>> {
        let mut known = self.mapping.context.clone();
        if let Some(action) = action.and_then(|action| self.mapping.actions.get(action)) {
            known.extend(action.context.clone());
        }
        // What a login session brings need not stand in the route.
        let mapping = self.mapping;
        let session: BTreeSet<&str> = mapping
            .tables
            .iter()
            .filter_map(|table| match &table.meaning {
                Meaning::LoginSession(session) => Some(session.context.keys().map(String::as_str)),
                _ => None,
            })
            .flatten()
            .collect();
        let mut all = Vec::new();
        let mut complete = true;
        if let Some(item) = table.get("context") {
            let help = "write `context = { note = \"{query.note}\" }`";
            let Some(given) = item.as_table_like() else {
                self.error("routes/type", "`context` is no table".into(), item.span(), help);
                return None;
            };
            for (name, value) in given.iter() {
                if session.contains(name) {
                    let message =
                        format!("`{name}` comes from the login session, and a request must not say it of itself");
                    self.error("routes/session-context", message, value.span(), "leave it out here");
                    complete = false;
                }
                let span = given.key(name).and_then(|key| key.span()).or_else(|| value.span());
                let Some(kind) = known.get(name) else {
                    let help = match nearest(name, known.keys().map(String::as_str)) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => {
                            format!("declare it in model.toml, in `[context]` or in `context` of the action: `{name}`")
                        }
                    };
                    self.error("routes/unknown-context", format!("the action takes no `{name}`"), span, help);
                    complete = false;
                    continue;
                };
                match self.context_source(name, kind, value, parameters) {
                    Some(source) => all.push((name.to_string(), kind.clone(), source)),
                    None => complete = false,
                }
            }
        }
        for (name, kind) in &known {
            let given = all.iter().any(|(given, _, _)| given == name);
            if !kind.optional && !given && !session.contains(name.as_str()) && complete {
                let message = format!("the action needs `{name}` in its context, and the route does not give it");
                let help = format!("write `context = {{ {name} = \"…\" }}`, or make it optional in model.toml");
                self.error("routes/missing-context", message, value_span(table, "action"), help);
                complete = false;
            }
        }
        complete.then_some(all)
    }

    fn context_source(
        &mut self,
        name: &str,
        kind: &ContextType,
        item: &Item,
        parameters: &[String],
    ) -> Option<ContextSource> {
        let plain = ["String", "Long", "Bool", "decimal", "datetime", "ipaddr", "Set<String>"];
        let is_entity = !plain.contains(&kind.name.as_str());
        let wrong = |reader: &mut Self, help: String| {
            let message = format!("`{name}` is {}, and this is none", kind.name);
            reader.error("routes/context-type", message, item.span(), help);
            None
        };
        if item.as_table_like().is_some() {
            if !is_entity {
                return wrong(self, format!("write `{name} = \"{{query.{name}}}\"`"));
            }
            let help = format!("write `{name} = {{ type = {:?}, id = \"…\" }}`", kind.name);
            let (entity, id) = self.entity(item, name, parameters, &help)?;
            if entity != kind.name {
                return wrong(self, help);
            }
            return Some(ContextSource::Entity { kind: entity, id });
        }
        if is_entity {
            return wrong(self, format!("write `{name} = {{ type = {:?}, id = \"…\" }}`", kind.name));
        }
        match item.as_value() {
            Some(Value::Boolean(value)) if kind.name == "Bool" => {
                Some(ContextSource::Constant(Json::Bool(*value.value())))
            }
            Some(Value::Integer(value)) if kind.name == "Long" => {
                Some(ContextSource::Constant(Json::from(*value.value())))
            }
            Some(Value::String(text)) => {
                let template = self.template(text.value(), item.span(), parameters)?;
                let whole_body = matches!(template.0.as_slice(), [Part::Body(_)]);
                if kind.name == "Set<String>" && !whole_body {
                    return wrong(self, format!("a set can only be read from a body: `{name} = \"{{body./{name}}}\"`"));
                }
                Some(ContextSource::Text(template))
            }
            _ => wrong(self, format!("write `{name} = \"{{query.{name}}}\"`")),
        }
    }

    fn body_limit(&mut self, table: &Table) -> Option<usize> {
        let item = table.get("body_limit")?;
        let limit = item.as_integer().and_then(|limit| usize::try_from(limit).ok());
        match limit.filter(|limit| (1..=MAX_BODY_LIMIT).contains(limit)) {
            Some(limit) => Some(limit),
            None => {
                let message = format!("`body_limit` is no whole number of bytes from 1 to {MAX_BODY_LIMIT}");
                self.error("routes/body-limit", message, item.span(), "write `body_limit = 65536`");
                None
            }
        }
    }

    /// Text with `{…}` in it.
    fn template(&mut self, text: &str, span: Option<Range<usize>>, parameters: &[String]) -> Option<Template> {
        let help = "write `{name}` for the path, `{query.name}`, `{header.name}` or `{body./json/pointer}`";
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let (literal, behind) = rest.split_at(open);
            let Some(close) = behind.find('}') else {
                self.error("routes/template", format!("`{text}` has a `{{` without its `}}`"), span, help);
                return None;
            };
            if !literal.is_empty() {
                parts.push(Part::Literal(literal.to_string()));
            }
            let inner = &behind[1..close];
            match self.part(inner, span.clone(), parameters, help) {
                Some(part) => parts.push(part),
                None => return None,
            }
            rest = &behind[close + 1..];
        }
        if rest.contains('}') || parts.iter().any(|part| matches!(part, Part::Literal(text) if text.contains('}'))) {
            self.error("routes/template", format!("`{text}` has a `}}` without its `{{`"), span, help);
            return None;
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_string()));
        }
        Some(Template(parts))
    }

    fn part(&mut self, inner: &str, span: Option<Range<usize>>, parameters: &[String], help: &str) -> Option<Part> {
        if let Some(name) = inner.strip_prefix("query.") {
            if !name.is_empty() {
                return Some(Part::Query(name.to_string()));
            }
        } else if let Some(name) = inner.strip_prefix("header.") {
            if let Ok(header) = name.parse::<HeaderName>() {
                if headers::is_stripped(&header) {
                    let message = format!("the gate does not believe `{header}` from outside, and strips it");
                    let help = "read the path, the query or another header";
                    self.error("routes/header", message, span, help);
                    return None;
                }
                return Some(Part::Header(header));
            }
        } else if let Some(pointer) = inner.strip_prefix("body.") {
            let escapes = pointer.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
            if pointer.starts_with('/') && escapes {
                return Some(Part::Body(pointer.to_string()));
            }
        } else if parameters.iter().any(|name| name == inner) {
            return Some(Part::Path(inner.to_string()));
        } else if is_parameter_name(inner) {
            let help = match nearest(inner, parameters.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{{{near}}}`?"),
                None => format!("write it into the path, or read `{{query.{inner}}}`"),
            };
            self.error("routes/parameter", format!("the path has no `{{{inner}}}`"), span, help);
            return None;
        }
        self.error("routes/template", format!("`{{{inner}}}` reads nothing of a request"), span, help);
        None
    }
}

fn is_parameter_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c == '_' || c.is_alphanumeric())
}

fn value_span(table: &Table, key: &str) -> Option<Range<usize>> {
    table.get(key).and_then(Item::span).or_else(|| table.span())
}

/// `a`, `b` and `c`.
fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
