//! Requests that are not what rmcp knows: other methods, and known methods whose parameters do
//! not parse, which would otherwise be answered as if the method did not exist.

use agent_memory_proto::ErrorBody;
use rmcp::{
    ErrorData, RoleServer,
    model::{CallToolRequestParams, CustomRequest, CustomResult, ErrorCode, JsonObject},
    service::RequestContext,
};
use serde_json::Value;

use super::{answer::Answer, arguments::Refusal, server::Server};

const KNOWN_METHODS: &[&str] = &[
    "initialize",
    "ping",
    "server/discover",
    "tools/list",
    "tools/call",
    "prompts/list",
    "prompts/get",
    "resources/list",
    "resources/read",
    "resources/templates/list",
];

/// The answer to such a request.
pub(super) async fn answer(
    server: &Server,
    request: CustomRequest,
    context: RequestContext<RoleServer>,
    is_modern: fn(&RequestContext<RoleServer>) -> bool,
) -> Result<CustomResult, ErrorData> {
    let field = |name: &str| request.params.as_ref().and_then(|params| params.get(name));
    if let ("tools/call", Some(tool)) = (request.method.as_str(), field("name").and_then(Value::as_str)) {
        let mut result = match arguments(field("arguments")) {
            Ok(arguments) => {
                let call = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
                server.call(call, &context).await
            }
            Err(body) => Answer::error(&body).into_result(true),
        };
        if !is_modern(&context) {
            // rmcp does this for results that it knows the type of.
            result.result_type = None;
        }
        let value = serde_json::to_value(result);
        return value.map(CustomResult).map_err(|error| ErrorData::internal_error(error.to_string(), None));
    }
    Err(if KNOWN_METHODS.contains(&request.method.as_str()) {
        ErrorData::invalid_params(format!("the parameters of {} are malformed", request.method), None)
    } else {
        ErrorData::new(ErrorCode::METHOD_NOT_FOUND, format!("no method {:.100}", request.method), None)
    })
}

/// Models send the object as a text at times: taken when it is one.
fn arguments(value: Option<&Value>) -> Result<JsonObject, Refusal> {
    let parsed = match value {
        None | Some(Value::Null) => Some(JsonObject::new()),
        Some(Value::Object(fields)) => Some(fields.clone()),
        Some(Value::String(text)) => serde_json::from_str(text).ok(),
        Some(_) => None,
    };
    parsed.ok_or_else(|| {
        let shown = value.map(Value::to_string).unwrap_or_default();
        Box::new(ErrorBody::invalid("arguments", shown, "an object with the tool's parameters"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_as_text_are_taken_when_they_are_an_object() {
        let object = json!({ "action": "list" });
        assert_eq!(arguments(Some(&json!(object.to_string()))).ok().as_ref(), object.as_object());
        assert_eq!(arguments(None).ok(), Some(JsonObject::new()));
        for wrong in [json!([1]), json!("hello"), json!(7)] {
            assert_eq!(arguments(Some(&wrong)).expect_err("refused").field.as_deref(), Some("arguments"));
        }
    }
}
