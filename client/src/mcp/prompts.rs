//! Prompts: what a user picks from a menu. `recall` brings what memory knows into the
//! conversation; `remember` asks the model to store something.

use agent_memory_proto::{Request, limits, request::Search};
use rmcp::{
    ErrorData,
    model::{GetPromptRequestParams, GetPromptResult, Prompt, PromptArgument, PromptMessage, Role},
};

use super::{arguments::Refusal, bridge::Bridge, scopes::Scopes, text};

/// Hits that `recall` brings in.
const RECALL_HITS: u32 = 10;

/// The prompts.
pub(super) fn list() -> Vec<Prompt> {
    let argument =
        |name: &str, what: &str| vec![PromptArgument::new(name).with_description(what).with_required(true)];
    vec![
        Prompt::new(
            "recall",
            Some("What memory knows about something"),
            Some(argument("query", "About what")),
        )
        .with_title("Recall"),
        Prompt::new(
            "remember",
            Some("Store something in memory"),
            Some(argument("text", "What to remember")),
        )
        .with_title("Remember"),
    ]
}

/// The messages of a prompt.
pub(super) async fn get(
    bridge: &Bridge,
    request: GetPromptRequestParams,
    client_name: &str,
) -> Result<GetPromptResult, ErrorData> {
    let argument = |name: &str| {
        let value = request.arguments.as_ref().and_then(|arguments| arguments.get(name));
        let text = value.and_then(|value| value.as_str()).map(str::trim).filter(|text| !text.is_empty());
        text.ok_or_else(|| ErrorData::invalid_params(format!("{name} is required"), None))
    };
    let message = match request.name.as_str() {
        "recall" => {
            let query = argument("query")?;
            let found = recall(bridge, query, client_name).await.map_err(|body| failed(&body))?;
            format!(
                "What do we know about {query:?}? Use what memory holds, and say where it falls short.\n\n{found}"
            )
        }
        "remember" => format!(
            "Store this with memory_remember, as it is, and say in one line what it became and to which scope it \
             went:\n\n{}",
            argument("text")?
        ),
        other => {
            let message = format!("no prompt {other:.100}; there are recall and remember");
            return Err(ErrorData::invalid_params(message, None));
        }
    };
    Ok(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, message)]))
}

async fn recall(bridge: &Bridge, query: &str, client_name: &str) -> Result<String, Refusal> {
    let options = bridge.options(client_name);
    let scopes = bridge.bound.scopes(&bridge.client, options.clone(), false).await?;
    let request = Request::Search(search(query, &scopes));
    let reply = bridge.client.call(&request, options).await.map_err(|error| Box::new(error.to_body()))?;
    let names = bridge.names(&request, &reply.response).await;
    let text = text::response(&request, &reply.response, &names);
    Ok(text::with_degradation(text, reply.degraded.as_ref()))
}

fn search(query: &str, scopes: &Scopes) -> Search {
    let query: String = query.chars().take(limits::QUERY_BYTES_MAX / 4).collect();
    Search { limit: RECALL_HITS, ..Search::new(query, Some(scopes.where_bound())) }
}

/// A failure where the protocol has no place for a result that says so.
pub(super) fn failed(body: &Refusal) -> ErrorData {
    let data = serde_json::to_value(body.as_ref()).ok();
    ErrorData::internal_error(text::error(body), data)
}
