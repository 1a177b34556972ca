//! The formats that are known: one line for each. They are facts of those who issue the keys, from their
//! documents; a format that cannot be told from an identifier, a hash or prose is not here.

use super::{
    near::{
        Look, authorization, aws_secret, aws_session, azure_client_secret, azure_signature, base64_key,
        connection_password, jwt, openai_key, private_key, telegram_token, url_password,
    },
    pieces::{
        Piece::{self, Run, Text},
        Set::{Alnum, Base32, Base64, Digits, Dotted, Hex, Lower, Upper, Url},
    },
};

/// One format.
pub(super) struct Rule {
    /// What is said in place of it.
    pub(super) kind: &'static str,
    /// Where to look: one of these stands in every secret of the format, or before it.
    pub(super) anchors: &'static [&'static str],
    /// How to look there.
    pub(super) how: How,
}

/// How a rule looks at an anchor.
pub(super) enum How {
    /// The anchor, then these pieces, and no word that goes on before or after.
    Token(&'static [Piece]),
    /// This function decides.
    Near(Look),
}

const fn token(kind: &'static str, anchors: &'static [&'static str], pieces: &'static [Piece]) -> Rule {
    Rule { kind, anchors, how: How::Token(pieces) }
}

const fn near(kind: &'static str, anchors: &'static [&'static str], look: Look) -> Rule {
    Rule { kind, anchors, how: How::Near(look) }
}

pub(super) static RULES: &[Rule] = &[
    // Clouds.
    token("aws-access-key-id", &["AKIA", "ASIA", "ABIA", "ACCA"], &[Run(Base32, 16, 16)]),
    near(
        "aws-secret-access-key",
        &["aws_secret_access_key", "secretaccesskey", "secret_access_key", "aws_secret_key"],
        aws_secret,
    ),
    near("aws-session-token", &["aws_session_token", "sessiontoken"], aws_session),
    token("aws-bedrock-api-key", &["ABSK"], &[Run(Base64, 100, 272)]),
    token("google-api-key", &["AIza"], &[Run(Url, 35, 35)]),
    token("google-oauth-client-secret", &["GOCSPX-"], &[Run(Url, 28, 28)]),
    token("google-oauth-token", &["ya29."], &[Run(Url, 30, 2_048)]),
    near("azure-key", &["accountkey", "sharedaccesskey"], base64_key),
    near("azure-sas-signature", &["sig="], azure_signature),
    near("azure-client-secret", &["Q~"], azure_client_secret),
    token("alibaba-access-key-id", &["LTAI"], &[Run(Alnum, 20, 20)]),
    token("digitalocean-token", &["dop_v1_", "doo_v1_", "dor_v1_"], &[Run(Hex, 64, 64)]),
    token("heroku-api-key", &["HRKU-AA"], &[Run(Url, 58, 58)]),
    token("flyio-token", &["fm1_", "fm1r_", "fm2_", "fo1_"], &[Run(Base64, 40, 4_096)]),
    token("netlify-token", &["nfp_"], &[Run(Alnum, 36, 64)]),
    token("supabase-token", &["sbp_"], &[Run(Hex, 40, 40)]),
    token("planetscale-token", &["pscale_tkn_", "pscale_pw_", "pscale_oauth_"], &[Run(Dotted, 32, 64)]),
    token("render-api-key", &["rnd_"], &[Run(Alnum, 32, 32)]),
    token("databricks-token", &["dapi"], &[Run(Hex, 32, 32)]),
    // Code and packages.
    token("github-token", &["ghp_", "gho_", "ghu_", "ghr_"], &[Run(Alnum, 36, 255)]),
    token("github-token", &["ghs_"], &[Run(Dotted, 36, 800)]),
    token("github-token", &["github_pat_"], &[Run(Alnum, 22, 22), Text("_"), Run(Alnum, 59, 59)]),
    token(
        "gitlab-token",
        &["glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-", "glsoat-", "gloas-"],
        &[Run(Dotted, 20, 320)],
    ),
    token("bitbucket-token", &["ATBB"], &[Run(Alnum, 32, 32)]),
    token("atlassian-token", &["ATATT3", "ATCTT3"], &[Run(Dotted, 150, 300)]),
    token("agent-memory-token", &["amt_"], &[Run(Hex, 64, 64)]),
    token("npm-token", &["npm_"], &[Run(Alnum, 36, 36)]),
    token("pypi-token", &["pypi-AgEIcHlwaS5vcmc", "pypi-AgENdGVzdC5weXBpLm9yZw"], &[Run(Url, 50, 1_024)]),
    token("crates-io-token", &["cio"], &[Run(Alnum, 32, 32)]),
    token("rubygems-api-key", &["rubygems_"], &[Run(Hex, 48, 48)]),
    token("nuget-api-key", &["oy2"], &[Run(Lower, 43, 43)]),
    token("docker-token", &["dckr_pat_", "dckr_oat_"], &[Run(Url, 27, 64)]),
    token("clojars-token", &["CLOJARS_"], &[Run(Lower, 60, 60)]),
    token("artifactory-api-key", &["AKCp"], &[Run(Alnum, 69, 69)]),
    token("sonarqube-token", &["squ_", "sqp_", "sqa_"], &[Run(Hex, 40, 40)]),
    token("circleci-token", &["CCIPAT_"], &[Run(Alnum, 22, 22), Text("_"), Run(Hex, 40, 40)]),
    token("buildkite-token", &["bkua_"], &[Run(Hex, 40, 40)]),
    // Models.
    token("anthropic-api-key", &["sk-ant-"], &[Run(Url, 40, 256)]),
    token("openai-api-key", &["sk-proj-", "sk-svcacct-", "sk-admin-"], &[Run(Url, 40, 256)]),
    token("openrouter-api-key", &["sk-or-v1-"], &[Run(Hex, 64, 64)]),
    near("openai-api-key", &["sk-"], openai_key),
    token("huggingface-token", &["hf_"], &[Run(Alnum, 34, 40)]),
    token("groq-api-key", &["gsk_"], &[Run(Alnum, 52, 52)]),
    token("xai-api-key", &["xai-"], &[Run(Alnum, 80, 80)]),
    token("perplexity-api-key", &["pplx-"], &[Run(Alnum, 48, 56)]),
    token("replicate-token", &["r8_"], &[Run(Alnum, 37, 37)]),
    token("nvidia-api-key", &["nvapi-"], &[Run(Url, 60, 80)]),
    token("langsmith-api-key", &["lsv2_pt_", "lsv2_sk_"], &[Run(Hex, 32, 32), Text("_"), Run(Hex, 10, 10)]),
    token("pinecone-api-key", &["pcsk_"], &[Run(Alnum, 5, 6), Text("_"), Run(Alnum, 60, 64)]),
    // Messages.
    token("slack-token", &["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-"], &[Run(Url, 24, 256)]),
    token("slack-token", &["xapp-1-"], &[Run(Url, 40, 256)]),
    token("slack-token", &["xoxe.xoxb-1-", "xoxe.xoxp-1-", "xoxe-1-"], &[Run(Url, 100, 256)]),
    token(
        "slack-webhook",
        &["hooks.slack.com/services/"],
        &[Run(Upper, 8, 14), Text("/"), Run(Upper, 8, 14), Text("/"), Run(Alnum, 24, 24)],
    ),
    token(
        "discord-webhook",
        &["discord.com/api/webhooks/", "discordapp.com/api/webhooks/"],
        &[Run(Digits, 17, 20), Text("/"), Run(Url, 60, 80)],
    ),
    near("telegram-bot-token", &[":AA"], telegram_token),
    token("sendgrid-api-key", &["SG."], &[Run(Url, 22, 22), Text("."), Run(Url, 43, 43)]),
    token("brevo-api-key", &["xkeysib-"], &[Run(Hex, 64, 64), Text("-"), Run(Alnum, 16, 16)]),
    // Money and shops.
    token("stripe-key", &["sk_live_", "rk_live_", "sk_test_", "rk_test_"], &[Run(Alnum, 16, 256)]),
    token("stripe-webhook-secret", &["whsec_"], &[Run(Base64, 32, 64)]),
    token("square-token", &["sq0csp-"], &[Run(Url, 43, 43)]),
    token("square-token", &["sq0atp-"], &[Run(Url, 22, 22)]),
    token("shopify-token", &["shpat_", "shpca_", "shppa_", "shpss_"], &[Run(Hex, 32, 32)]),
    // Work and observation.
    token("grafana-token", &["glsa_"], &[Run(Alnum, 32, 32), Text("_"), Run(Hex, 8, 8)]),
    token("grafana-token", &["glc_"], &[Run(Base64, 32, 400)]),
    token("newrelic-api-key", &["NRAK-"], &[Run(Upper, 27, 27)]),
    token("sentry-token", &["sntrys_"], &[Run(Base64, 40, 512), Text("_"), Run(Base64, 43, 43)]),
    token("sentry-token", &["sntryu_"], &[Run(Hex, 64, 64)]),
    token("dynatrace-token", &["dt0c01."], &[Run(Upper, 24, 24), Text("."), Run(Upper, 64, 64)]),
    token("linear-api-key", &["lin_api_"], &[Run(Alnum, 40, 40)]),
    token("notion-token", &["ntn_"], &[Run(Alnum, 40, 50)]),
    token("figma-token", &["figd_"], &[Run(Url, 40, 48)]),
    token("airtable-token", &["pat"], &[Run(Alnum, 14, 14), Text("."), Run(Hex, 64, 64)]),
    token("postman-api-key", &["PMAK-"], &[Run(Hex, 24, 24), Text("-"), Run(Hex, 34, 34)]),
    token("pulumi-token", &["pul-"], &[Run(Hex, 40, 40)]),
    token("prefect-api-key", &["pnu_", "pnb_"], &[Run(Alnum, 36, 36)]),
    // Vaults and networks.
    token("vault-token", &["hvs.", "hvb.", "hvr."], &[Run(Url, 24, 300)]),
    token("doppler-token", &["dp.pt.", "dp.sa.", "dp.scim.", "dp.audit."], &[Run(Alnum, 40, 44)]),
    token("onepassword-token", &["ops_eyJ"], &[Run(Base64, 200, 2_048)]),
    token("tailscale-key", &["tskey-auth-", "tskey-api-", "tskey-client-"], &[Run(Url, 24, 80)]),
    token("age-secret-key", &["AGE-SECRET-KEY-1"], &[Run(Upper, 58, 58)]),
    token("openshift-token", &["sha256~"], &[Run(Url, 43, 43)]),
    // Everywhere.
    near("private-key", &["-----BEGIN "], private_key),
    token(
        "private-key",
        &[
            "LS0tLS1CRUdJTiBQUklWQVRFIEtFW",
            "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRV",
            "LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtFW",
            "LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVEUgS0VZ",
        ],
        &[Run(Base64, 100, 20_000)],
    ),
    near("jwt", &["eyJ"], jwt),
    near("authorization-header", &["authorization"], authorization),
    near("url-password", &["://"], url_password),
    near("connection-string-password", &["password", "pwd"], connection_password),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_one_word_and_an_anchor_has_something_to_find() {
        for rule in RULES {
            let is_word = rule.kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
            assert!(is_word, "{}", rule.kind);
            assert!(
                rule.anchors.iter().all(|anchor| anchor.len() >= 2 && anchor.is_ascii()),
                "{}",
                rule.kind
            );
        }
    }
}
