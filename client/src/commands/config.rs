//! `config`: every setting with its value and source; the daemon's own when one runs, since its
//! environment may differ from this one.

use agent_memory_client::{CallOptions, Client, ClientError, render};
use agent_memory_proto::{
    Request, Response,
    response::{ConfigReport, SettingValue},
    settings::PREFIX,
};
use clap::Args;

use crate::{failure::Failure, invocation::Invocation};

#[derive(Args, Debug)]
pub(crate) struct ConfigArgs {
    /// Only settings whose name contains this
    name: Option<String>,
    /// Shows what this environment says, not what the running daemon was started with
    #[arg(long)]
    local: bool,
}

pub(crate) async fn run(invocation: &Invocation, args: &ConfigArgs) -> Result<(), Failure> {
    let asked = if args.local { None } else { ask(invocation).await? };
    let is_daemons = asked.is_some();
    let mut report = asked.unwrap_or_else(|| local(invocation));
    if let Some(part) = &args.name {
        let part = part.to_uppercase();
        report.settings.retain(|setting| setting.name.contains(&part));
    }
    let output = &invocation.output;
    if output.is_json() {
        let mut value = render::config(&report);
        value["daemon"] = is_daemons.into();
        output.json(&value);
        return Ok(());
    }
    output.remark(if is_daemons {
        "settings of the running daemon:"
    } else {
        "no daemon is asked; settings of this environment:"
    });
    output.show(&Response::Config(report), None);
    Ok(())
}

/// The running daemon's report; `None` when none runs.
async fn ask(invocation: &Invocation) -> Result<Option<ConfigReport>, Failure> {
    let options = invocation.connect_options().clone().without_start();
    let client = match Client::connect(options).await {
        Ok(client) => client,
        Err(ClientError::NotRunning { .. } | ClientError::Stopping { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match client.call(Request::Config, CallOptions::default()).await?.response {
        Response::Config(report) => Ok(Some(report)),
        _ => Err(Failure::unexpected("config")),
    }
}

fn local(invocation: &Invocation) -> ConfigReport {
    let locations = &invocation.locations;
    let settings = locations
        .settings
        .iter()
        .map(|resolved| SettingValue {
            name: format!("{PREFIX}{}", resolved.setting.name),
            value: resolved.shown().to_owned(),
            source: resolved.source.name().to_owned(),
            reloadable: resolved.setting.reloadable,
        })
        .collect();
    let file = locations.config_file_exists.then(|| locations.config_file.display().to_string());
    ConfigReport { settings, file }
}
