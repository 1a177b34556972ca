//! The contract of a store, as scenarios that every backend runs: what the traits promise, and no
//! more. A backend hands each scenario an empty store and calls `contract_suite!`.

pub(crate) mod fixtures;

pub(crate) mod agents;
pub(crate) mod audit;
pub(crate) mod backups;
pub(crate) mod bulk;
pub(crate) mod changes;
pub(crate) mod common_words;
pub(crate) mod conflicts;
pub(crate) mod context;
pub(crate) mod entries;
pub(crate) mod file_locks;
pub(crate) mod floor;
pub(crate) mod health;
pub(crate) mod hygiene;
pub(crate) mod idempotency;
pub(crate) mod lists;
pub(crate) mod names;
pub(crate) mod permissions;
pub(crate) mod random;
pub(crate) mod relations;
pub(crate) mod remember;
pub(crate) mod scopes;
pub(crate) mod search;
pub(crate) mod sessions;
pub(crate) mod tags;
pub(crate) mod tasks;
pub(crate) mod updates;

pub(crate) use fixtures::{START_MS, Scenario, World, guideline, knowledge, new_content, written};

/// Makes a test of every scenario. `$run` takes a scenario and runs it on an empty store.
macro_rules! contract_suite {
    ($run:path) => {
        crate::store::contract::contract_suite! { $run;
            entries: added_entries_are_read_back_whole, unknown_ids_are_nothing, unknown_scopes_are_refused,
                taken_ids_are_refused, deactivated_entries_are_hidden_and_keep_their_names,
                deleted_entries_are_gone_with_their_history;
            names: a_taken_name_is_refused_with_its_id, the_narrowest_name_wins, hidden_names_do_not_override,
                names_compare_exactly;
            updates: every_update_is_a_version, a_stale_version_is_refused, two_agents_at_once_are_a_conflict,
                a_hidden_entry_can_be_changed_and_stays_hidden, what_would_end_before_it_begins_is_refused,
                patches_keep_set_and_clear;
            lists: guidelines_come_by_priority, pages_follow_each_other, inherited_lists_leave_overridden_names_out,
                lists_filter, validity_changes_are_foretold;
            bulk: bulk_writes_are_all_or_nothing, bulk_errors_name_the_position, bulk_replies_keep_the_order;
            idempotency: a_key_is_applied_once, a_key_with_another_request_is_refused, keys_are_forgotten_after_a_day,
                a_refused_write_does_not_use_its_key_up;
            scopes: a_chain_ends_with_global, organisations_have_their_own_names, projects_are_found_by_directory,
                a_name_that_fits_several_is_a_conflict, a_project_moves, a_deleted_project_takes_everything_along,
                sessions_end_and_are_taken_up_again, binding_finds_or_creates, binding_races_meet,
                directories_of_one_name_are_two_projects;
            changes: every_durable_write_is_told, refused_writes_are_not_told;
            file_locks: a_file_has_one_owner_at_a_time, tokens_only_grow, a_lock_is_renewed_by_its_owner_only,
                a_lock_ends_by_itself, locks_end_with_their_session, a_lock_of_an_ended_session_is_refused,
                locks_are_listed_by_path, of_many_at_once_one_gets_the_file;
            conflicts: conflicts_are_listed_with_both_versions, a_conflict_is_resolved_once_by_a_version_of_its_own,
                a_later_change_is_not_overruled_unseen;
            sessions: a_session_says_what_it_came_to, abandoned_sessions_end_by_themselves,
                entries_of_a_session_move_to_its_project;
            tasks: a_task_is_read_back_whole, every_change_of_a_task_is_a_version,
                the_times_of_a_task_follow_its_status, tasks_wait_for_others_and_never_in_a_circle,
                tasks_have_parts_to_a_bounded_depth, a_claimed_task_has_one_owner,
                of_many_claims_at_once_one_gets_the_task, a_claim_under_a_key_is_applied_once,
                tasks_are_listed_by_what_presses, a_deleted_project_takes_its_tasks_along;
            backups: what_was_is_put_back_and_what_is_is_kept, what_cannot_be_put_back_changes_nothing,
                a_restore_leaves_the_audit_as_it_is;
            audit: every_write_is_in_the_audit_once, the_audit_says_what_happened_to_entries,
                the_audit_is_narrowed_and_paged, what_is_noted_is_kept_as_it_is;
            permissions: what_was_said_last_stands, what_is_removed_is_gone, permissions_go_with_their_scope,
                a_permission_needs_its_scope;
            agents: a_new_token_takes_the_place_of_the_old_one, a_revoked_agent_is_gone;
            random: random_histories_match_a_model;
            relations: a_relation_is_there_once, relations_are_listed_by_their_ends,
                relations_go_with_either_end, both_scopes_of_a_relation_are_told,
                what_is_related_is_found_over_cycles, a_search_is_narrowed_to_what_is_related,
                hits_bring_what_is_related_to_them, pages_of_what_is_related_follow_each_other;
            tags: a_tag_is_there_once, attaching_is_a_change_of_the_entry, an_entry_has_so_many_tags_at_most,
                tags_are_listed_with_their_use;
            remember: remembered_texts_are_stored_once;
            hygiene: what_is_superseded_makes_room_for_its_successor, a_successor_needs_what_it_supersedes,
                steps_are_taken_together_or_not_at_all, entries_are_as_alike_from_either_side;
            health: a_healthy_store_says_so;
            floor: every_floor_is_measured_and_nothing_stays, a_floor_of_nothing_is_refused;
            search: words_find_what_has_them_best_first, identifiers_are_found_by_their_parts_and_whole,
                phrases_prefixes_and_other_scripts_are_found, any_text_is_a_query,
                scopes_are_searched_as_asked, overridden_and_hidden_entries_are_left_out,
                knowledge_is_found_while_it_is_valid, filters_narrow_the_hits,
                without_words_the_latest_change_comes_first, changed_texts_are_found_by_their_new_words_only,
                pages_follow_each_other_without_gaps, a_page_follows_though_entries_came_in_between,
                cursors_of_others_are_refused, a_passed_deadline_ends_a_search;
            common_words: entries_with_all_the_common_words_come_before_those_with_one,
                common_words_find_every_entry_once_and_names_come_first;
            context: guidelines_come_by_priority_then_the_latest_knowledge, a_context_shows_each_name_once,
                a_context_keeps_its_budget_and_says_what_is_missing, a_context_can_be_limited_to_kinds,
                the_same_words_are_similar;
        }
    };
    ($run:path; $($module:ident: $($name:ident),+;)+) => {
        $(mod $module {
            $(#[test]
            fn $name() {
                $run(|world| Box::pin(crate::store::contract::$module::$name(world)));
            })+
        })+
    };
}
pub(crate) use contract_suite;
