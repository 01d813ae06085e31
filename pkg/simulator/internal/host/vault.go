package host

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
)

// Vault hides in a state file the values that a service gives back in clear, so that no digest of them would do. Its key
// is made from the seed, which is not in the state file.
type Vault struct{ seal cipher.AEAD }

// NewVault makes the vault of a seed.
func NewVault(seed []byte) (*Vault, error) {
	key := sha256.Sum256(append([]byte("state\x00"), seed...))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("vault of the embedded tenant: %w", err)
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("vault of the embedded tenant: %w", err)
	}
	return &Vault{seal}, nil
}

// Hide encrypts a JSON value.
func (v *Vault) Hide(value any) (string, error) {
	data, err := JSON(value)
	if err != nil {
		return "", err
	}
	return base64.RawStdEncoding.EncodeToString(v.seal.Seal(nil, nil, data, nil)), nil
}

// Reveal decrypts what Hide made.
func (v *Vault) Reveal(hidden string) (value any, err error) {
	data, err := base64.RawStdEncoding.DecodeString(hidden)
	if err != nil {
		return nil, errors.New("a hidden value is no base64")
	}
	if data, err = v.seal.Open(nil, nil, data, nil); err != nil {
		return nil, errors.New("a hidden value was not hidden under this seed")
	}
	return value, DecodeOne(data, &value)
}
