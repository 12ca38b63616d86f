"""
The tables and who may see which of their rows: the one place that says so.

Every version table carries `known_from`, `known_until` (null while current) and the act that wrote the row.
Rights are row-level security in the one form that fails closed: without a scope `nullif` makes null, and
nothing starts with null.
"""

from collections.abc import Mapping
from functools import cache

from yipan.store.nouns import HISTORY, PATH, SCOPE

VERSIONED: Mapping[str, tuple[str, ...]] = {
    "area": ("path", "level", "name_zh", "name_en", "code", "within_code", "population", "source",
             "functional", "boundary", "schematic"),
    "count_version": ("area", "stream", "day", "value", "published", "source"),
    "signal": ("area", "stream", "day", "method", "observed", "expected", "threshold", "score", "since",
               "baseline", "baseline_missing", "judgement"),
    "reproduction": ("area", "since", "until", "state", "value", "low", "high", "level", "cases",
                     "missing_days"),
    "case_version": ("id", "area", "person", "disease", "content"),
    "round": ("area", "at", "desk", "ok", "message", "made"),
    "receipt": ("id", "area", "file", "sha256", "format", "rows_read", "rows_new", "rows_corrected",
                "rows_unchanged", "rows_rejected", "undone"),
    "user_version": ("name", "shown_as", "area", "password"),
    "duty_grant": ("name", "duty", "area", "since", "until"),
}  # fmt: skip
"""Version tables and their columns of content, in the order in which an act's digest reads them."""


@cache
def versioned() -> Mapping[str, tuple[str, ...]]:
    """Return every version table, those of the desks among them, with its columns of content in digest order."""
    from yipan.store.tables import every_table

    return {**VERSIONED, **{table.name: table.stored for table in every_table()}}


TABLES = f"""
create schema vault;

create table act (
    number bigint primary key, at timestamptz not null, recorded timestamptz not null,
    "user" text not null, duty text not null, desk text not null, verb text not null,
    area {PATH}, subject text not null, rule text not null, why text not null,
    digest text not null, previous text not null, hash text not null unique);
create index act_at on act (at);
create table chain_head (number bigint not null, at timestamptz, hash text not null);

create table area (
    path {PATH}, level text not null, name_zh text not null, name_en text not null, code text,
    within_code text, population bigint, source text not null, functional boolean not null,
    boundary jsonb, schematic boolean, {HISTORY});
create unique index area_current on area (path) where known_until is null;

create table count_version (
    area {PATH}, stream {PATH}, day date not null, value bigint check (value >= 0),
    published boolean not null, source text not null, {HISTORY});
create unique index count_current on count_version (area, stream, day) where known_until is null;
create index count_day on count_version (day, area);
create index count_act on count_version (act);

create table signal (
    area {PATH}, stream {PATH}, day date not null, method text not null, observed bigint not null,
    expected double precision not null, threshold double precision not null,
    score double precision not null, since date not null, baseline integer not null,
    baseline_missing integer not null, judgement text not null, {HISTORY});
create unique index signal_current on signal (area, stream, day, method) where known_until is null;

create table reproduction (
    area {PATH}, since date not null, until date not null, state text not null,
    value double precision, low double precision, high double precision, level double precision,
    cases bigint not null, missing_days integer not null, {HISTORY});
create unique index reproduction_current on reproduction (area, since, until) where known_until is null;

create table case_version (
    id text not null, area {PATH}, person text not null, disease text not null, content jsonb not null,
    {HISTORY});
create unique index case_current on case_version (id) where known_until is null;
create index case_area on case_version (area) where known_until is null;
create index case_act on case_version (act);

create table round (
    area {PATH}, at timestamptz not null, desk text not null, ok boolean not null,
    message text not null, made bigint not null, {HISTORY});
create unique index round_current on round (area, at, desk) where known_until is null;

create table receipt (
    id text not null, area {PATH}, file text not null, sha256 text not null, format text not null,
    rows_read bigint not null, rows_new bigint not null, rows_corrected bigint not null,
    rows_unchanged bigint not null, rows_rejected bigint not null, undone boolean not null, {HISTORY});
create unique index receipt_current on receipt (id) where known_until is null;

create table user_version (
    name text not null, shown_as text not null, area {PATH}, password text not null, {HISTORY});
create unique index user_current on user_version (name) where known_until is null;
create table duty_grant (
    name text not null, duty text not null, area {PATH}, since timestamptz not null, until timestamptz,
    {HISTORY});
create index duty_grant_name on duty_grant (name) where known_until is null;
create table session (
    token text primary key, name text not null, duty text not null, area {PATH},
    since timestamptz not null, until timestamptz not null);

create table vault.identity (
    person text primary key, area {PATH}, name text not null, certificate text not null,
    phone text not null, address text not null, born date, act bigint not null);
create table vault.identity_reading (
    number bigint generated always as identity primary key, at timestamptz not null, "user" text not null,
    duty text not null, area {PATH}, person text not null, purpose text not null);
"""

INSIDE = f"area ^@ {SCOPE}"
SCOPED = (
    "act", "signal", "reproduction", "case_version", "round", "receipt",
)  # fmt: skip
CLOSED = (
    "chain_head", "session", "user_version", "duty_grant", "vault.identity", "vault.identity_reading",
)  # fmt: skip
"""Tables the application reads only through the functions below."""

FUNCTIONS = f"""
create function chain_lock() returns table (number bigint, at timestamptz, hash text)
    language sql security definer set search_path = public
    as $$ select h.number, h.at, h.hash from chain_head h for update $$;
create function chain_move(new_number bigint, new_at timestamptz, new_hash text) returns void
    language sql security definer set search_path = public
    as $$ update chain_head set number = new_number, at = new_at, hash = new_hash $$;

create function user_put(a_name text, a_shown_as text, an_area text, a_password text, a_from timestamptz,
                         an_act bigint) returns void
    language plpgsql security definer set search_path = public as $$
begin
    if not an_area ^@ {SCOPE} is true then raise insufficient_privilege using message = 'outside the scope'; end if;
    update user_version set known_until = a_from where name = a_name and known_until is null;
    insert into user_version values (a_name, a_shown_as, an_area, a_password, a_from, null, an_act);
end $$;
create function grant_put(a_name text, a_duty text, an_area text, a_since timestamptz, an_until timestamptz,
                          a_from timestamptz, an_act bigint) returns void
    language plpgsql security definer set search_path = public as $$
begin
    if not an_area ^@ {SCOPE} is true then raise insufficient_privilege using message = 'outside the scope'; end if;
    insert into duty_grant values (a_name, a_duty, an_area, a_since, an_until, a_from, null, an_act);
end $$;
create function user_find(a_name text) returns table (name text, shown_as text, password text)
    language sql stable security definer set search_path = public
    as $$ select u.name, u.shown_as, u.password from user_version u
          where u.name = a_name and u.known_until is null $$;
create function user_grants(a_name text) returns table (duty text, area text, since timestamptz, until timestamptz)
    language sql stable security definer set search_path = public
    as $$ select g.duty, g.area, g.since, g.until from duty_grant g
          where g.name = a_name and g.known_until is null order by g.area, g.duty $$;
create function users_inside() returns table (name text, shown_as text, area text)
    language sql stable security definer set search_path = public
    as $$ select u.name, u.shown_as, u.area from user_version u
          where u.known_until is null and u.area ^@ {SCOPE} order by u.name $$;

create function session_open(a_token text, a_name text, a_duty text, an_area text, a_since timestamptz,
                             an_until timestamptz) returns void
    language sql security definer set search_path = public
    as $$ insert into session values (a_token, a_name, a_duty, an_area, a_since, an_until) $$;
create function session_find(a_token text, a_moment timestamptz) returns table (name text, duty text, area text)
    language sql stable security definer set search_path = public
    as $$ select s.name, s.duty, s.area from session s
          where s.token = a_token and s.since <= a_moment and a_moment < s.until $$;
create function session_close(a_token text) returns void
    language sql security definer set search_path = public
    as $$ delete from session where token = a_token $$;

create function identity_put(a_person text, an_area text, a_name text, a_certificate text, a_phone text,
                             an_address text, a_born date, an_act bigint) returns void
    language plpgsql security definer set search_path = public, vault as $$
begin
    if not an_area ^@ {SCOPE} is true then raise insufficient_privilege using message = 'outside the scope'; end if;
    insert into vault.identity values (a_person, an_area, a_name, a_certificate, a_phone, an_address, a_born, an_act);
end $$;
create function identity_read(a_person text, a_moment timestamptz, a_user text, a_duty text, a_purpose text)
    returns table (person text, name text, certificate text, phone text, address text, born date)
    language plpgsql security definer set search_path = public, vault as $$
declare held text;
begin
    if coalesce(trim(a_purpose), '') = '' then
        raise invalid_parameter_value using message = 'a reading of the vault needs a purpose'; end if;
    select i.area into held from vault.identity i where i.person = a_person and i.area ^@ {SCOPE};
    if held is null then return; end if;
    insert into vault.identity_reading (at, "user", duty, area, person, purpose)
        values (a_moment, a_user, a_duty, held, a_person, a_purpose);
    return query select i.person, i.name, i.certificate, i.phone, i.address, i.born
        from vault.identity i where i.person = a_person;
end $$;
create function identity_readings() returns table (at timestamptz, "user" text, duty text, area text,
                                                   person text, purpose text)
    language sql stable security definer set search_path = public, vault
    as $$ select r.at, r."user", r.duty, r.area, r.person, r.purpose from vault.identity_reading r
          where r.area ^@ {SCOPE} order by r.number $$;
"""


def rights() -> str:
    """Return the statements that give the application its role and close every table to it."""
    lines = [
        "do $$ begin create role yipan_app nologin; exception when duplicate_object then null; end $$;",
        "grant yipan_app to current_user;",
        "grant usage on schema public to yipan_app;",
    ]
    for table in (*SCOPED, "area", "count_version", *CLOSED):
        lines += [
            f"alter table {table} enable row level security;",
            f"alter table {table} force row level security;",
            f"create policy keeper on {table} to current_user using (true) with check (true);",
        ]
    for table in SCOPED:
        lines.append(
            f"create policy inside on {table} to yipan_app using ({INSIDE}) with check ({INSIDE});"
        )
    lines += [
        f"create policy named on area for select to yipan_app using ({SCOPE} is not null);",
        f"create policy inside on area to yipan_app using (path ^@ {SCOPE}) with check (path ^@ {SCOPE});",
        f"create policy heard on round for select to yipan_app using ({SCOPE} ^@ area);",
        f"create policy told on count_version for select to yipan_app using ({INSIDE} or (published and {SCOPE} is not null));",
        f"create policy put on count_version for insert to yipan_app with check ({INSIDE});",
        f"create policy closed on count_version for update to yipan_app using ({INSIDE}) with check ({INSIDE});",
    ]
    for table in (*SCOPED, "area", "count_version"):
        lines.append(f"grant select, insert on {table} to yipan_app;")
        if table != "act":
            lines.append(f"grant update (known_until) on {table} to yipan_app;")
    lines.append("revoke all on all functions in schema public from public;")
    lines.append("grant execute on all functions in schema public to yipan_app;")
    return "\n".join(lines)
