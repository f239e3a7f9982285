# What `ofitec secrets rotate` may do. Nothing is deleted: earlier versions open earlier backups.
path "kv/data/ofitec/*" {
  capabilities = ["create", "read", "update"]
}
path "kv/data/ofitec-pending/*" {
  capabilities = ["create", "read", "update"]
}
path "kv/data/ofitec-rotation/*" {
  capabilities = ["create", "read", "update"]
}

# Secret ids of the hosts' role: a new one, and the end of an old one by its accessor.
path "auth/approle/role/ofitec-reader/secret-id" {
  capabilities = ["create", "update", "list"]
}
path "auth/approle/role/ofitec-reader/secret-id/lookup" {
  capabilities = ["create", "update"]
}
path "auth/approle/role/ofitec-reader/secret-id-accessor/lookup" {
  capabilities = ["create", "update"]
}
path "auth/approle/role/ofitec-reader/secret-id-accessor/destroy" {
  capabilities = ["create", "update"]
}
