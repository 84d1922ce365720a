#pragma once
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>

// Macros that Swift does not import.
static const int tl_public_key = EVP_PKEY_PUBLIC_KEY;
static const int tl_key_pair = EVP_PKEY_KEYPAIR;
static inline void tl_free(void *memory) { OPENSSL_free(memory); }
