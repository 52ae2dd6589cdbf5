// SPDX-License-Identifier: Apache-2.0
//! A deployed gate, spoken to over HTTP.

use super::{Failure, Outcome, Result, print, warn};
use serde_json::Value;
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// The environment variable with the token. A flag would be seen by whoever lists processes, and kept by the shell.
const TOKEN: &str = "PALISADE_TOKEN";

/// How long a gate may take. Comparing decisions on many rows takes seconds.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The largest answer: a bundle, written as JSON once more.
const MAX_ANSWER_BYTES: u64 = 16 * 1024 * 1024;

/// A gate, and who speaks to it.
pub struct Remote {
    agent: ureq::Agent,
    base: String,
    token: String,
}

impl Remote {
    /// # Errors
    /// The address is none that a token may be sent to, or there is no token.
    pub fn new(to: &str) -> std::result::Result<Remote, Failure> {
        let base = to.trim_end_matches('/').to_string();
        let host =
            |scheme: &str| base.strip_prefix(scheme).map(|rest| rest.split([':', '/']).next().unwrap_or_default());
        let safe = match (host("https://"), host("http://")) {
            (Some(host), _) => !host.is_empty(),
            // A token in the clear could be anybody's; the own machine is for trying things out.
            (None, Some(host)) => matches!(host, "localhost" | "127.0.0.1"),
            (None, None) => false,
        };
        if !safe || base.contains(['?', '#', '@']) {
            let message = format!("`--to {to}`: write the gate's address with https, as in `https://app.example.com`");
            return Err(Failure::Message(message));
        }
        let token = std::env::var(TOKEN).unwrap_or_default().trim().to_string();
        if token.is_empty() {
            return Err(Failure::Message(format!(
                "`{TOKEN}` is not set: put the token there that the gate knows you by"
            )));
        }
        // A redirect would take the token along.
        let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
        let agent = config.timeout_global(Some(TIMEOUT)).build().into();
        Ok(Remote { agent, base, token })
    }

    /// `GET /.palisade/api/…`
    pub fn get(&self, path: &str) -> std::result::Result<(u16, Value), Failure> {
        let request = self.agent.get(self.url(path)).header("authorization", self.bearer());
        self.read(request.call())
    }

    /// `POST /.palisade/api/…`
    pub fn post(&self, path: &str, body: &Value) -> std::result::Result<(u16, Value), Failure> {
        let request = self.agent.post(self.url(path)).header("authorization", self.bearer());
        self.read(request.header("content-type", "application/json").send(body.to_string()))
    }

    fn url(&self, path: &str) -> String {
        format!("{}/.palisade/api/{path}", self.base)
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    fn read(
        &self,
        response: std::result::Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> std::result::Result<(u16, Value), Failure> {
        let cannot = |why: String| Failure::Message(format!("`{}`: {why}", self.base));
        let mut response = response.map_err(|error| cannot(error.to_string()))?;
        let status = response.status().as_u16();
        let text = response.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_string();
        let text = text.map_err(|error| cannot(error.to_string()))?;
        let body = serde_json::from_str(&text)
            .map_err(|_| cannot(format!("answers {status} and no JSON: is there a gate at this address?")))?;
        Ok((status, body))
    }
}

/// Says why a gate did not do it: exit status 1, as for every refusal.
pub fn refused(status: u16, body: &Value, json: bool) -> Result {
    if json {
        print(&serde_json::json!({ "ok": false, "status": status, "problem": body }).to_string());
    } else {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_string();
        warn(&format!("refused ({status} {}): {}", text("code"), text("detail")));
        warn(&format!("the gate's log has it as {}", text("decision")));
    }
    Ok(Outcome::No)
}

/// Whether somebody at a terminal says yes.
///
/// # Errors
/// Nobody is there to be asked.
pub fn confirmed(question: &str) -> std::result::Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::Message(
            "nobody is there to be asked: say `--yes`, or look first with `--dry-run`".to_string(),
        ));
    }
    let mut err = std::io::stderr();
    let _ = write!(err, "{question} [y/N] ").and_then(|()| err.flush());
    let mut line = String::new();
    let _ = std::io::stdin().read_line(&mut line);
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}
