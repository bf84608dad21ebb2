/** What a caller presents. Values live only here and in the cache of `AuthLayer`; they are never logged or stored. */
export type Credential =
  | { readonly kind: "bearer"; readonly value: string; readonly header: "x-authorization" | "authorization" }
  | { readonly kind: "cookie"; readonly value: string }
