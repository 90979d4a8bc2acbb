/* Keys whose private halves are gone, what was signed with them (BLAKE2b-256 of each token's signed part), and when: see fuzz_token.c. */
#define TOKENS_NOW       1800000000
#define TOKENS_KEY       "1111111111111111111111111111111111111111111111111111111111111111"
#define TOKENS_ISS       "https://login.example.org/oidc"
#define TOKENS_REMS      "https://rems.example.org/"
#define TOKENS_JKU       "https://keys.example.org/jwk"
#define TOKENS_JWKS      "{\"keys\":[{\"e\":\"AQAB\",\"kid\":\"r1\",\"kty\":\"RSA\",\"n\":\"wyZRMcdAa1XmLQCLUGMBtS3isaA_E8iMviX7IxPxgfZc-dfUHPX1_evGSi_roMZYIbmw3qwS8GFqKdo94fni3pqr6PeaVJiHSA-7WvdA5cOsKb2LAhse1YHqZULSOkoKjm8I2gRCJhfAqYNYHnvKBbt5NWJ2yZkhHpfespAnTqs1yL9ih4VVwnSwMvPwGTfj6FNxe_t6YmTtbD35cjNDL_c6KQvooHNw0yzW8YtSVKAZmK7AE2j-I4k-htfor4L52k4Z8iUle_WDFLLcjd_6GJpEF-CUP4D008kFQM5SCzd81-WdZGkSzGW0IVZYAFK-95oO5GSw6UpgnHaLnrOnRw\",\"use\":\"sig\"},{\"crv\":\"P-256\",\"kid\":\"e1\",\"kty\":\"EC\",\"x\":\"ttCHcNtPOiYPfanST7iwPstzlud7NJNGxbStOBpLa78\",\"y\":\"Jx3EFAPhrmHuPu2pmPSqqMb72p4IvPBZeXUAfzDBuis\"}]}"
#define TOKENS_VISA_JWKS "{\"keys\":[{\"crv\":\"P-256\",\"kid\":\"v1\",\"kty\":\"EC\",\"x\":\"fDNFHBy4O1NZjkSZHigXuslVUu7cygOEsHXup6ZdozQ\",\"y\":\"CSvs73iPBxlZcn6NQSXI9qEeh8m-q-Lh2pA_idhSLA4\"}]}"
static const char *const tokens_signed[] = {
    "8a7ad8fc67cdf740cf049faea8be1afb8c8c59ef3ed306140896778053d84b63",
    "8e62f540a1b25e799785624941fedcc0ecf5a0f350920b81aae199eb2b31ec37",
    "ea3cdcc4525769d2ea33189fdf2c35422186699d801015487ebbfb90adabfb22",
    "2a3baf5e9e96dca2526f6e0d2852f55b66914c42d8b02ce3958c6185b9b56966",
};
