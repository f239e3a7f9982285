# What `ofitec secrets lease` may do: borrow a login of the database and prolong it. Prolonging a lease and
# its own token it may by Vault's policy "default"; it reads no document.
path "database/creds/ofitec-app" {
  capabilities = ["read"]
}
