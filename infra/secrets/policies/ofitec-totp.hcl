# What `ofitec secrets totp add | remove | list | recover` may do: keys of authenticator apps and the hashes of
# recovery codes, and no other secret.
path "totp/keys/*" {
  capabilities = ["create", "read", "update", "delete"]
}
path "totp/keys" {
  capabilities = ["list"]
}
path "kv/data/ofitec-totp/*" {
  capabilities = ["create", "read", "update"]
}
