//! Reads organisations, in pages.

use agent_memory_proto::{request::ListOrgs, response::OrgPage};

use crate::store::{
    StoreError,
    postgres::{columns::org_from_row, connection::Connection, values::value},
};

pub(super) async fn page(connection: &Connection, request: &ListOrgs) -> Result<OrgPage, StoreError> {
    const SQL: &str = "SELECT s.id, o.name, o.metadata, o.created_at_ms FROM orgs o \
                       JOIN scopes s ON s.key = o.scope ORDER BY o.name LIMIT $1 OFFSET $2";
    let (wanted, offset) = (i64::from(request.limit) + 1, i64::from(request.offset));
    let rows = connection.rows(SQL, &[value(&wanted), value(&offset)]).await?;
    let (orgs, has_more) =
        super::cut(rows.iter().map(org_from_row).collect::<Result<_, _>>()?, request.limit);
    Ok(OrgPage { orgs, has_more })
}
