//! What the daemon's role has to be allowed, and the GRANT for what it is not.

use super::{connection::Connection, migrations::Migration, values::value};
use crate::store::StoreError;

/// The statements that grant what the role lacks, for tables that are there.
///
/// # Errors
/// What the server says.
pub(super) async fn missing(
    connection: &Connection,
    migrations: &[Migration],
) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "\
        SELECT format('GRANT %s ON TABLE %s TO %I', string_agg(r.name, ', ' ORDER BY r.place), \
                      to_regclass(t.name), current_user) \
        FROM unnest($1, $2) WITH ORDINALITY AS t (name, is_written, place) \
        JOIN unnest($3) WITH ORDINALITY AS r (name, place) ON t.is_written OR r.name = 'SELECT' \
        WHERE to_regclass(t.name) IS NOT NULL AND NOT has_table_privilege(to_regclass(t.name), r.name) \
        GROUP BY t.name, t.place \
        UNION ALL \
        SELECT format('GRANT USAGE ON SEQUENCE %s TO %I', s.oid::regclass, current_user) \
        FROM unnest($1) AS t (name) \
        JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = to_regclass(t.name) \
                        AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') \
        JOIN pg_class s ON s.oid = d.objid \
        WHERE CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE') ELSE false END";
    let mut tables: Vec<&str> = migrations.iter().flat_map(|migration| tables(migration.sql)).collect();
    let mut is_written = vec![true; tables.len()];
    tables.push("schema_migrations");
    is_written.push(false);
    let rights: Vec<&str> = vec!["SELECT", "INSERT", "UPDATE", "DELETE"];
    let rows = connection.rows(SQL, &[value(&tables), value(&is_written), value(&rights)]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The tables that a migration creates.
fn tables(sql: &str) -> impl Iterator<Item = &str> {
    sql.lines().filter_map(|line| line.strip_prefix("CREATE TABLE ")?.split([' ', '(']).next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_read_from_the_migrations() {
        let migrations = super::super::migrations::ALL;
        let found: Vec<&str> = migrations.iter().flat_map(|migration| tables(migration.sql)).collect();
        assert!(found.contains(&"scopes") && found.contains(&"canary"), "{found:?}");
        let created: usize = migrations.iter().map(|one| one.sql.matches("CREATE TABLE").count()).sum();
        assert_eq!(found.len(), created);
    }
}
