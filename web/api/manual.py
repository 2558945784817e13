"""The description of the API laid out for a reader: operations in the order of a call's life, and the shapes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from web.api.examples import CENTRE, KEY, SCENARIO, VERB

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a type in words; `shape` names the shape it links to."""

    text: str
    shape: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a shape."""

    name: str
    required: bool
    parts: tuple[Part, ...]
    description: str
    default: str


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape of a body or of a part of it."""

    name: str
    description: str
    fields: tuple[Field, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, with a command line that sends its example; `refusal` is the shape of one, and its type."""

    name: str
    method: str
    path: str
    summary: str
    description: str
    scope: str
    body: str | None
    success: str
    answer: str
    refusals: tuple[tuple[str, str], ...]
    refusal: tuple[str, str]
    curl: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """Operations that belong together."""

    title: str
    operations: tuple[Operation, ...]


def chapters(spec: Schema, groups: Mapping[str, Sequence[str]]) -> list[Chapter]:
    """Lay the operations out, in the order of `groups`."""
    found = {
        operation["operationId"]: _operation(spec, method, path, operation)
        for path, methods in spec["paths"].items()
        for method, operation in methods.items()
    }
    return [Chapter(title, tuple(found[name] for name in names)) for title, names in groups.items()]


def shapes(spec: Schema) -> list[Shape]:
    """Lay every shape out, by name."""
    return [_shape(name, schema) for name, schema in sorted(spec["components"]["schemas"].items())]


def _operation(spec: Schema, method: str, path: str, operation: Schema) -> Operation:
    success = next(status for status in operation["responses"] if status.startswith("2"))
    responses = operation["responses"]
    refusals = {status: told for status, told in responses.items() if status.startswith(("4", "5"))}
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return Operation(
        name=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        description=operation.get("description", ""),
        scope=operation["x-scope"],
        body=_name_of(body["schema"]) if body else None,
        success=success,
        answer=_name_of(operation["responses"][success]["content"]["application/json"]["schema"]),
        refusals=tuple(
            (status, (spec["components"]["responses"][status] if "$ref" in told else told)["description"])
            for status, told in refusals.items()
        ),
        refusal=_refusal(refusals["401"]),
        curl=_curl(method, path, body.get("example"), bearer=bool(operation["security"])),
    )


def _refusal(told: Schema) -> tuple[str, str]:
    """Give the shape of a refusal and its type; a reference is to the API's own."""
    if "$ref" in told:
        return "ProblemDetails", "application/problem+json"
    ((kind, content),) = told["content"].items()
    return _name_of(content["schema"]), kind


def _curl(method: str, path: str, example: Any, *, bearer: bool) -> str:
    key = SCENARIO if path.startswith("/ofrep/") else KEY
    address = CENTRE + path.replace("{key}", key).replace("{verb}", VERB).replace("{scenario}", SCENARIO)
    lines = [f"curl {address.replace('{client_key}', '$CLIENT_KEY')}"]
    if bearer:
        lines.append('  -H "Authorization: Bearer $TOKEN"')
    if example is not None:
        put = "  -X PUT" if method == "put" else ""
        sent = json.dumps(example, ensure_ascii=False, indent=2).replace("'", "'\\''")
        lines += [f"{put}  -H 'Content-Type: application/json'", f"  -d '{sent}'"]
    return " \\\n".join(lines)


def _shape(name: str, schema: Schema) -> Shape:
    needed = schema.get("required", ())
    fields = [
        Field(key, key in needed, tuple(_parts(value)), value.get("description", ""), _default(value))
        for key, value in schema.get("properties", {}).items()
    ]
    return Shape(name, schema.get("description", ""), tuple(fields), () if fields else tuple(_parts(schema)))


def _default(schema: Schema) -> str:
    default = schema.get("default")
    return "" if default in (None, {}) else json.dumps(default, ensure_ascii=False)


def _parts(schema: Schema) -> Iterator[Part]:
    """Say a type in a few words, with links where it is another shape."""
    if "$ref" in schema:
        yield Part(_name_of(schema), _name_of(schema))
    elif "enum" in schema:
        yield Part(" | ".join(map(str, schema["enum"])))
    elif "anyOf" in schema:
        for i, choice in enumerate(schema["anyOf"]):
            yield from ([Part(" | ")] if i else [])
            yield from _parts(choice)
    elif schema.get("type") == "array":
        yield Part(f"list{_bounds(schema, 'minItems', 'maxItems')} of ")
        yield from _parts(schema["items"])
    elif schema.get("type") == "object" and "properties" not in schema:
        yield Part("map of ")
        yield from _parts(_values_of(schema))
    else:
        kind = schema.get("type", "any")
        yield Part(" | ".join([kind] if isinstance(kind, str) else kind) + _limits(schema))


def _values_of(schema: Schema) -> Schema:
    patterns = schema.get("patternProperties")
    values = next(iter(patterns.values())) if patterns else schema.get("additionalProperties", {})
    return values if isinstance(values, Mapping) else {}


def _limits(schema: Schema) -> str:
    if schema.get("format"):
        return f" ({schema['format']})"
    if schema.get("type") == "object":
        return " {" + ", ".join(schema["properties"]) + "}"
    return _bounds(schema, "minLength", "maxLength") + _bounds(schema, "minimum", "maximum")


def _bounds(schema: Schema, least: str, most: str) -> str:
    if most not in schema:
        return ""
    return f" {schema[least]} to {schema[most]}" if least in schema else f" up to {schema[most]}"


def _name_of(schema: Schema) -> str:
    return str(schema["$ref"]).rpartition("/")[2]
