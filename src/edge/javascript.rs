// SPDX-License-Identifier: Apache-2.0
//! The platform's objects, called by name: what the bindings have no stable signature for.

use http::header::{HeaderMap, HeaderName, HeaderValue};
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

/// The platform's headers as ours. A JavaScript string stands for bytes here, one a character.
pub fn headers_from(headers: &web_sys::Headers) -> Result<HeaderMap, String> {
    let mut map = HeaderMap::new();
    let entries = js_sys::try_iter(headers).map_err(|error| words(&error))?.ok_or("the headers cannot be listed")?;
    for entry in entries {
        let entry: Array = entry.map_err(|error| words(&error))?.unchecked_into();
        let (name, value) = (entry.get(0).as_string(), entry.get(1).as_string());
        let (Some(name), Some(value)) = (name, value) else { return Err("a header is no text".to_string()) };
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| error.to_string())?;
        let bytes: Option<Vec<u8>> = value.chars().map(|c| u8::try_from(c as u32).ok()).collect();
        let value = bytes.ok_or("a header holds more than bytes")?;
        map.append(name, HeaderValue::from_bytes(&value).map_err(|error| error.to_string())?);
    }
    Ok(map)
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
