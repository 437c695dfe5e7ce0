//! The description of this API: `OpenAPI` 3.1, made from the handlers and what they answer.
//!
//! What every operation has in common, problems and headers, is added here, so that no handler repeats
//! it. `docs/openapi.json` is the document as it was when somebody last looked at it; a test
//! compares. `cargo run -p api -- openapi > docs/openapi.json` writes it.

use crate::routes::Operations;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ArrayItems, Object, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Header, OpenApi as Document, Ref, RefOr, Response, Schema};
use utoipa::{OpenApi, PartialSchema, ToSchema};

static TEXT: LazyLock<String> = LazyLock::new(|| {
    let text = document().to_pretty_json();
    text.unwrap_or_else(|_| unreachable!("the document is plain data"))
});
static DIGEST: LazyLock<u64> = LazyLock::new(|| {
    // Its keys are fixed, so replicas agree.
    let mut hasher = DefaultHasher::new();
    TEXT.hash(&mut hasher);
    hasher.finish()
});

/// What a post's path is in an address (`domain::PostPath`).
const PATH_PATTERN: &str = r"^(?!api(/|$|\.md$))(\.{1,2}[^./\\\u0000-\u001f\u007f-\u009f][^/\\\u0000-\u001f\u007f-\u009f]*|\.{3}[^/\\\u0000-\u001f\u007f-\u009f]*|[^./_\\\u0000-\u001f\u007f-\u009f][^/\\\u0000-\u001f\u007f-\u009f]*)(/(\.{1,2}[^./\\\u0000-\u001f\u007f-\u009f][^/\\\u0000-\u001f\u007f-\u009f]*|\.{3}[^/\\\u0000-\u001f\u007f-\u009f]*|[^./\\\u0000-\u001f\u007f-\u009f][^/\\\u0000-\u001f\u007f-\u009f]*))*$";

const PATH: &str = "A post's path, with or without `.md`; `/` stands as it is, all else is \
                    percent-encoded.";

/// Every error answer (RFC 9457).
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes service_kit::Problem")]
struct Problem {
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 400)]
    status: u16,
    /// What kind of problem, for people.
    #[schema(example = "Bad Request")]
    title: String,
    /// What kind of problem, for programs: one of docs/problems.md, which never change meaning.
    #[schema(pattern = "^[a-z_]+$", example = "bad_parameter")]
    code: String,
    /// This occurrence, for people; may change.
    #[schema(example = "`limit` is a number from 1 to 100")]
    detail: String,
}

/// The document as text.
pub(crate) fn text() -> &'static str {
    &TEXT
}

/// Differs when the document does.
pub(crate) fn digest() -> u64 {
    *DIGEST
}

fn document() -> Document {
    let mut document = Operations::openapi();
    let components = document.components.get_or_insert_default();
    components.schemas.insert("Problem".into(), Problem::schema());
    components
        .responses
        .extend(problems().map(|(_, name, response)| (name.into(), response.into())));
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.security_schemes.insert("admin".into(), SecurityScheme::Http(bearer));
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in
            [("get", &mut item.get), ("post", &mut item.post), ("delete", &mut item.delete)]
        {
            if let Some(operation) = operation {
                operation.operation_id = Some(name(method, path));
                complete(operation, method == "get");
            }
        }
    }
    document
}

/// A name that no other operation has: `get_posts_path_related`.
fn name(method: &str, path: &str) -> String {
    let path = path.trim_start_matches("/api/v1/").replace(['/', '.'], "_").replace(['{', '}'], "");
    format!("{method}_{path}")
}

fn path_schema() -> Object {
    let mut schema = Object::with_type(Type::String);
    schema.example = Some("blog/2019/191014-Redis缓存".into());
    schema.pattern = Some(PATH_PATTERN.into());
    schema.max_length = Some(domain::PostPath::MAX_BYTES - ".md".len());
    schema
}

/// Adds to `operation` what goes without saying.
fn complete(operation: &mut Operation, is_read: bool) {
    // A blog may have no comments.
    let is_optional = operation.tags.iter().flatten().any(|tag| tag == "comments");
    for parameter in operation.parameters.iter_mut().flatten() {
        match (parameter.name.as_str(), &parameter.parameter_in, &mut parameter.schema) {
            ("path", ParameterIn::Path, schema) => {
                *schema = Some(path_schema().into());
                parameter.description = Some(PATH.into());
            }
            ("of", ParameterIn::Query, schema) => *schema = Some(path_schema().into()),
            ("path", ParameterIn::Query, Some(RefOr::T(Schema::Array(list)))) => {
                list.items = ArrayItems::RefOrSchema(Box::new(path_schema().into()));
            }
            _ => {}
        }
    }
    let responses = &mut operation.responses.responses;
    let is_admin = operation.security.is_some();
    let has_path = operation.parameters.iter().flatten();
    let has_path = has_path.map(|found| &found.parameter_in).any(|at| *at == ParameterIn::Path);
    let has_body = operation.request_body.is_some();
    for (status, name, _) in problems() {
        let may_be = match status {
            "400" | "503" => true,
            "404" => has_path || is_optional || is_admin,
            "409" | "413" | "415" => has_body,
            "401" => is_admin,
            "403" | "429" => !is_read && !is_admin,
            _ => false,
        };
        if may_be && !responses.contains_key(status) {
            let response = Ref::from_response_name(name);
            responses.insert(status.into(), RefOr::Ref(response));
        }
    }
    // Each challenge is another one.
    if is_read
        && !is_admin
        && !operation.operation_id.as_ref().is_some_and(|name| name.ends_with("_challenge"))
    {
        if let Some(RefOr::T(found)) = responses.get_mut("200") {
            found
                .headers
                .insert("etag".into(), text_header("Changes exactly when the answer does."));
        }
        let known =
            ResponseBuilder::new().description("What `If-None-Match` names is still right.");
        responses.insert("304".into(), known.build().into());
    }
}

fn text_header(description: &str) -> Header {
    let schema = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).build();
    HeaderBuilder::new().schema(Schema::from(schema)).description(Some(description)).build()
}

/// Status, name and description of what can be wrong.
fn problems() -> impl Iterator<Item = (&'static str, &'static str, Response)> {
    [
        ("400", "BadRequest", "A parameter, the path or the body is not of its form.", false),
        ("401", "Unauthorized", "The bearer token is missing or wrong.", false),
        ("403", "Forbidden", "A page of another site may not do this.", false),
        ("404", "NotFound", "The release that is served has no such thing.", false),
        ("409", "Conflict", "It is there already.", false),
        ("413", "TooLarge", "The body is larger than it can be.", false),
        ("415", "NotJson", "The body is not said to be JSON.", false),
        ("429", "TooManyRequests", "That was too often.", true),
        ("503", "Unavailable", "What this needs does not answer now.", true),
    ]
    .into_iter()
    .map(|(status, name, description, has_retry)| {
        let schema = RefOr::Ref(Ref::from_schema_name("Problem"));
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let mut response = ResponseBuilder::new()
            .description(description)
            .content("application/problem+json", content);
        if has_retry {
            response =
                response.header("retry-after", text_header("In how many seconds to try again."));
        }
        (status, name, response.build())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_the_one_that_was_looked_at() {
        let written = include_str!("../../docs/openapi.json");

        assert!(
            written.trim_end() == text(),
            "look at what has changed in `git diff` after \
             `cargo run -p api -- openapi > docs/openapi.json`"
        );
    }
}
