package host

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
)

// Cipher encrypts in a state file the values that a service returns in clear text, so that a digest is not enough. Its key
// is made from the seed, which is not in the state file.
type Cipher struct{ aead cipher.AEAD }

// NewCipher makes the cipher of a seed.
func NewCipher(seed []byte) (*Cipher, error) {
	key := sha256.Sum256(append([]byte("state\x00"), seed...))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("cipher of the embedded tenant: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("cipher of the embedded tenant: %w", err)
	}
	return &Cipher{aead}, nil
}

// Encrypt encrypts a JSON value.
func (c *Cipher) Encrypt(value any) (string, error) {
	data, err := JSON(value)
	if err != nil {
		return "", err
	}
	return base64.RawStdEncoding.EncodeToString(c.aead.Seal(nil, nil, data, nil)), nil
}

// Decrypt decrypts what Encrypt returned.
func (c *Cipher) Decrypt(encrypted string) (value any, err error) {
	data, err := base64.RawStdEncoding.DecodeString(encrypted)
	if err != nil {
		return nil, errors.New("an encrypted value is not base64")
	}
	if data, err = c.aead.Open(nil, nil, data, nil); err != nil {
		return nil, errors.New("a value was not encrypted with this seed")
	}
	return value, DecodeOne(data, &value)
}
