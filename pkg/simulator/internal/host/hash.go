package host

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

// HashKey marks a digest in the place of a value: {"$sealed": "salt.digest"}. A request that brings this key is refused.
const HashKey = "$sealed"

// Hash returns a copy of v in which every scalar is replaced by its salted digest. What is hashed already stays as it is,
// so a patch may replace one part of a credential and leave the others.
func Hash(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if IsHashed(v) {
			return v
		}
		out := make(map[string]any, len(v))
		for key, item := range v {
			out[key] = Hash(item)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = Hash(item)
		}
		return out
	default:
		return map[string]any{HashKey: SaltedDigest(rand.Text(), ScalarText(v))}
	}
}

func SaltedDigest(salt, text string) string {
	mac := hmac.New(sha256.New, []byte(salt))
	mac.Write([]byte(text))
	return salt + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// MatchesDigest reports whether digest was made from text.
func MatchesDigest(digest, text string) bool {
	salt, _, _ := strings.Cut(digest, ".")
	return hmac.Equal([]byte(digest), []byte(SaltedDigest(salt, text)))
}

// isSaltedDigest reports whether text has the form of a [SaltedDigest].
func isSaltedDigest(text string) bool {
	salt, digest, found := strings.Cut(text, ".")
	sum, err := base64.RawURLEncoding.DecodeString(digest)
	return found && salt != "" && err == nil && len(sum) == sha256.Size
}

func IsHashed(v any) bool {
	m, ok := v.(map[string]any)
	_, hashed := m[HashKey].(string)
	return ok && hashed && len(m) == 1
}

// HoldsHashKey reports whether a value from outside would be taken for a hashed one.
func HoldsHashKey(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		_, found := v[HashKey]
		return found || slices.ContainsFunc(slices.Collect(maps.Values(v)), HoldsHashKey)
	case []any:
		return slices.ContainsFunc(v, HoldsHashKey)
	}
	return false
}

// HashEquals reports whether stored was hashed from value.
func HashEquals(stored, value any) bool {
	if IsHashed(stored) {
		digest := stored.(map[string]any)[HashKey].(string)
		switch value.(type) {
		case map[string]any, []any:
			return false
		}
		return MatchesDigest(digest, ScalarText(value))
	}
	switch stored := stored.(type) {
	case map[string]any:
		other, ok := value.(map[string]any)
		return ok && maps.EqualFunc(stored, other, HashEquals)
	case []any:
		other, ok := value.([]any)
		return ok && slices.EqualFunc(stored, other, HashEquals)
	}
	return false
}

// NotHashed returns a copy of v without its hashed parts; ok is false if nothing but a digest was there.
func NotHashed(v any) (out any, ok bool) {
	switch v := v.(type) {
	case map[string]any:
		if IsHashed(v) {
			return nil, false
		}
		visible := make(map[string]any, len(v))
		for key, item := range v {
			if shown, ok := NotHashed(item); ok {
				visible[key] = shown
			}
		}
		return visible, true
	case []any:
		visible := make([]any, 0, len(v))
		for _, item := range v {
			if shown, ok := NotHashed(item); ok {
				visible = append(visible, shown)
			}
		}
		return visible, true
	default:
		return v, true
	}
}

func ScalarText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	default:
		return fmt.Sprint(v)
	}
}
