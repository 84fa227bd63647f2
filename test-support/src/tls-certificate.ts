// A certificate for localhost and 127.0.0.1 that signs itself, valid for a hundred years. It protects nothing: it is
// for tests only.
export const tlsCertificate = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgya+icB0Wn+Ksq+Zi
DyHvrevL9+k7u+fmONdkHzKoNZqhRANCAAQFVYAD4KyichusaJdYgEzYEW6j0cJU
q1fgsRXuYEMDEFyk508UbAEbMSb3wc8IiXMO24xGFZqCJDOfMzFEAcQe
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUMiENtHcTL/eOpA/eY2GrYi5nrpAwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjAwNTY1N1oYDzIxMjYxMDI5
MDA1NjU3WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQFVYAD4KyichusaJdYgEzYEW6j0cJUq1fgsRXuYEMDEFyk508UbAEb
MSb3wc8IiXMO24xGFZqCJDOfMzFEAcQeo28wbTAdBgNVHQ4EFgQUgY4WiJZcNOZd
HmsnfUjewSPxkawwHwYDVR0jBBgwFoAUgY4WiJZcNOZdHmsnfUjewSPxkawwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIgYdk7f5qyqs61+JeDLs1d/oAealglq2LEap8+Xfez+HQCIQCa
Ha1eC0QB4Ojs7ByCuekeGzGyD+Ddk5sYRuC9NZ3sQg==
-----END CERTIFICATE-----`,
};
