package simulator

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// sealKey marks a digest in the place of a value: {"$sealed": "salt.digest"}. A request that brings this key is refused.
const sealKey = "$sealed"

// seal gives a copy of v in which every scalar is replaced by its salted digest. What is sealed already stays as it is,
// so a patch may replace one part of a credential and leave the others.
func seal(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if isSealed(v) {
			return v
		}
		out := make(map[string]any, len(v))
		for key, item := range v {
			out[key] = seal(item)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = seal(item)
		}
		return out
	default:
		return map[string]any{sealKey: saltedDigest(rand.Text(), scalarText(v))}
	}
}

func saltedDigest(salt, text string) string {
	mac := hmac.New(sha256.New, []byte(salt))
	mac.Write([]byte(text))
	return salt + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// matchesDigest says whether digest was made from text.
func matchesDigest(digest, text string) bool {
	salt, _, _ := strings.Cut(digest, ".")
	return hmac.Equal([]byte(digest), []byte(saltedDigest(salt, text)))
}

func isSealed(v any) bool {
	m, ok := v.(map[string]any)
	_, sealed := m[sealKey].(string)
	return ok && sealed && len(m) == 1
}

// holdsSealKey says whether a value from outside would be taken for a sealed one.
func holdsSealKey(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		_, found := v[sealKey]
		return found || slices.ContainsFunc(slices.Collect(maps.Values(v)), holdsSealKey)
	case []any:
		return slices.ContainsFunc(v, holdsSealKey)
	}
	return false
}

// sealedEquals says whether stored was sealed from value.
func sealedEquals(stored, value any) bool {
	if isSealed(stored) {
		digest := stored.(map[string]any)[sealKey].(string)
		switch value.(type) {
		case map[string]any, []any:
			return false
		}
		return matchesDigest(digest, scalarText(value))
	}
	switch stored := stored.(type) {
	case map[string]any:
		other, ok := value.(map[string]any)
		return ok && maps.EqualFunc(stored, other, sealedEquals)
	case []any:
		other, ok := value.([]any)
		return ok && slices.EqualFunc(stored, other, sealedEquals)
	}
	return false
}

// unsealed gives a copy of v without its sealed parts; ok is false if nothing but a digest was there.
func unsealed(v any) (out any, ok bool) {
	switch v := v.(type) {
	case map[string]any:
		if isSealed(v) {
			return nil, false
		}
		visible := make(map[string]any, len(v))
		for key, item := range v {
			if shown, ok := unsealed(item); ok {
				visible[key] = shown
			}
		}
		return visible, true
	case []any:
		visible := make([]any, 0, len(v))
		for _, item := range v {
			if shown, ok := unsealed(item); ok {
				visible = append(visible, shown)
			}
		}
		return visible, true
	default:
		return v, true
	}
}

func scalarText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	default:
		return fmt.Sprint(v)
	}
}
