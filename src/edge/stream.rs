// SPDX-License-Identifier: Apache-2.0
//! Bodies that flow through the Worker. One that nobody reads passes as the platform's own object, untouched.

use super::javascript::words;
use crate::gateway::Stream;
use futures_util::StreamExt;
use wasm_bindgen::{JsCast, JsValue};
use wasm_streams::ReadableStream;
use wasm_streams::readable::IntoStream;

/// A body.
pub enum Flow {
    /// Not read yet. `None` only while it is being taken.
    Whole(Option<web_sys::ReadableStream>),
    /// Being read.
    Reading(IntoStream<'static>),
}

impl Flow {
    pub fn whole(stream: web_sys::ReadableStream) -> Flow {
        Flow::Whole(Some(stream))
    }

    /// The body as the platform's stream, with what was read of it in front.
    pub fn into_readable(self, head: Vec<u8>) -> Result<web_sys::ReadableStream, String> {
        let rest = match self {
            Flow::Whole(Some(stream)) if head.is_empty() => return Ok(stream),
            Flow::Whole(Some(stream)) => reading(stream),
            Flow::Reading(stream) => stream,
            Flow::Whole(None) => return Err("the body is gone".to_string()),
        };
        let head: JsValue = js_sys::Uint8Array::from(head.as_slice()).into();
        let all = futures_util::stream::iter([Ok(head)]).chain(rest);
        Ok(ReadableStream::from_stream(all).into_raw())
    }
}

fn reading(stream: web_sys::ReadableStream) -> IntoStream<'static> {
    ReadableStream::from_raw(stream).into_stream()
}

impl Stream for Flow {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, String> {
        if let Flow::Whole(stream) = self {
            let stream = stream.take().ok_or("the body is gone")?;
            *self = Flow::Reading(reading(stream));
        }
        let Flow::Reading(stream) = self else { return Ok(None) };
        match stream.next().await {
            None => Ok(None),
            Some(Ok(piece)) => match piece.dyn_into::<js_sys::Uint8Array>() {
                Ok(bytes) => Ok(Some(bytes.to_vec())),
                Err(_) => Err("the body is not bytes".to_string()),
            },
            Some(Err(error)) => Err(words(&error)),
        }
    }
}
