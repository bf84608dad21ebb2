/** An access token from a token endpoint, by whatever grant the form says. For tests only. */
export const tokenOf = async (endpoint: string, form: Readonly<Record<string, string>>): Promise<string> => {
  const response = await fetch(endpoint, { method: "POST", body: new URLSearchParams(form) })
  const said: { readonly access_token?: string } = JSON.parse(await response.text())
  if (said.access_token === undefined) throw new Error(`no token: ${response.status} ${JSON.stringify(said)}`)
  return said.access_token
}
