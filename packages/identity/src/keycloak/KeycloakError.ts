/** What can go wrong when a Keycloak is administered, each in words for whoever does. Never holds a password, a secret or a token. */
import * as Schema from "effect/Schema"

const isClient = (name: string): boolean => name.startsWith("client ")

/** Nothing answers there, or not in time. */
export class KeycloakUnreachable extends Schema.TaggedError<KeycloakUnreachable>()("KeycloakUnreachable", {
  url: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `Keycloak can not be reached at ${this.url}: ${this.problem}; is it started, and is the URL the one it listens on?`
  }
}

/** Name and password are not those of an administrator there. */
export class KeycloakSignInRefused extends Schema.TaggedError<KeycloakSignInRefused>()("KeycloakSignInRefused", {
  url: Schema.String,
  realm: Schema.String,
  username: Schema.String,
  /** Keycloak's own words. */
  problem: Schema.String
}) {
  override get message(): string {
    return `Keycloak at ${this.url} does not let "${this.username}" in (realm ${this.realm}): ${this.problem}; check the name and ${isClient(this.username) ? "KEYCLOAK_M2M_CLIENT_SECRET" : "KEYCLOAK_ADMIN_PASSWORD"}`
  }
}

/** Signed in, and not allowed to do this. */
export class KeycloakForbidden extends Schema.TaggedError<KeycloakForbidden>()("KeycloakForbidden", {
  username: Schema.String,
  /** What was asked, such as `POST /mcp-gateway/clients`. */
  action: Schema.String
}) {
  override get message(): string {
    const needed = isClient(this.username)
      ? "its service account needs the role manage-users of realm-management and, for agents, manage-clients"
      : "it takes the role admin of the realm master, or create-realm for a new realm and realm-admin for one that is there"
    return `"${this.username}" may not do this in Keycloak: ${this.action}; ${needed}`
  }
}

/** Something else has the name that is needed. */
export class KeycloakNameTaken extends Schema.TaggedError<KeycloakNameTaken>()("KeycloakNameTaken", {
  /** Such as `client mcp-gateway-web`. */
  what: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.what} is taken: ${this.problem}; rename or delete it in Keycloak, or use another realm`
  }
}

/** A name that has to be there and is not. */
export class KeycloakNotFound extends Schema.TaggedError<KeycloakNotFound>()("KeycloakNotFound", {
  what: Schema.String,
  /** What may be named instead, or done first. */
  instead: Schema.String
}) {
  override get message(): string {
    return `${this.what} is not in Keycloak; ${this.instead}`
  }
}

/** Keycloak answered as no Keycloak known here does. */
export class KeycloakUnexpected extends Schema.TaggedError<KeycloakUnexpected>()("KeycloakUnexpected", {
  action: Schema.String,
  problem: Schema.String,
  /** Of the answer; absent: its status was as expected. */
  status: Schema.optional(Schema.Number)
}) {
  override get message(): string {
    return `Keycloak answered ${this.action} with ${this.problem}`
  }
}

export type KeycloakError =
  | KeycloakUnreachable
  | KeycloakSignInRefused
  | KeycloakForbidden
  | KeycloakNameTaken
  | KeycloakNotFound
  | KeycloakUnexpected
