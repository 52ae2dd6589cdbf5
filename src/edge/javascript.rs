// SPDX-License-Identifier: Apache-2.0
//! The platform's objects, called by name: what the bindings have no stable signature for.

use http::header::HeaderMap;
use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// What went wrong, in words.
pub fn words(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => error.as_string().unwrap_or_else(|| "the platform failed without a word".to_string()),
    }
}

/// An object of these fields.
pub fn object(fields: &[(&str, JsValue)]) -> Result<JsValue, String> {
    let object = Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &JsValue::from_str(name), value).map_err(|error| words(&error))?;
    }
    Ok(object.into())
}

/// A property; `undefined` where there is none.
pub fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}

/// `new NAME(…)`.
pub fn construct(name: &str, arguments: &[JsValue]) -> Result<JsValue, String> {
    let class = get(&js_sys::global(), name).dyn_into::<Function>().map_err(|_| format!("there is no `{name}`"))?;
    Reflect::construct(&class, &arguments.iter().collect::<Array>()).map_err(|error| words(&error))
}

/// `object.name(…)`, awaited.
pub async fn call(object: &JsValue, name: &str, arguments: &[JsValue]) -> Result<JsValue, String> {
    let method = get(object, name).dyn_into::<Function>().map_err(|_| format!("there is no `{name}`"))?;
    let result = method.apply(object, &arguments.iter().collect::<Array>()).map_err(|error| words(&error))?;
    match result.dyn_into::<Promise>() {
        Ok(promise) => JsFuture::from(promise).await.map_err(|error| words(&error)),
        Err(value) => Ok(value),
    }
}

/// Lets some milliseconds pass. (`worker::Delay` takes the handle of a timer for a number, and here it is an object.)
pub async fn wait(millis: i64) {
    // Without a timer no time passes: whoever looks again does so at once, and there is an end to that.
    let _ = call(&get(&js_sys::global(), "scheduler"), "wait", &[JsValue::from(millis as f64)]).await;
}

/// Our headers as the platform's.
pub fn headers_to(map: &HeaderMap) -> Result<web_sys::Headers, String> {
    let headers = web_sys::Headers::new().map_err(|error| words(&error))?;
    for (name, value) in map {
        let text: String = value.as_bytes().iter().map(|byte| char::from(*byte)).collect();
        headers.append(name.as_str(), &text).map_err(|error| words(&error))?;
    }
    Ok(headers)
}
