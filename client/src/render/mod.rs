//! Responses as the JSON objects of the original system. Pure.
