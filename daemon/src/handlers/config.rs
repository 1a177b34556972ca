//! Report every setting, its value and where it came from.

use agent_memory_proto::{
    Response,
    response::{ConfigReport, SettingValue},
    settings::PREFIX,
};

use super::{Answer, Call};

pub(super) fn handle(call: &Call) -> Answer {
    let config = &call.services.config;
    let live = call.services.live.load();
    let settings = live.settings.iter().map(|resolved| SettingValue {
        name: format!("{PREFIX}{}", resolved.setting.name),
        value: resolved.shown().to_owned(),
        source: resolved.source.name().to_owned(),
        reloadable: resolved.setting.reloadable,
    });
    let file = config.settings_file.as_ref().map(|path| path.display().to_string());
    Response::Config(ConfigReport { settings: settings.collect(), file }).into()
}
