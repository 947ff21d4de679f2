package ipmibmctest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// control is the control API of the process that serves the BMCs, over its Unix socket.
type control struct{ socket string }

// ErrUnmet is what was expected of a client and did not come; the message has what did.
var ErrUnmet = errors.New("not met")

type problem struct {
	Type   string
	Detail string
	Next   string
}

func escape(name string) string { return url.PathEscape(name) }

func (c *control) ask(method, path string, body, answer any) error {
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, "http://localhost"+path, sent)
	if err != nil {
		return err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	// One request, one connection: nothing stays open behind a test.
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, "unix", c.socket)
		},
	}}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 400 {
		return refusal(response.StatusCode, text)
	}
	if answer == nil || len(text) == 0 {
		return nil
	}
	if said, ok := answer.(*string); ok {
		*said = string(text)
		return nil
	}
	return json.Unmarshal(text, answer)
}

func refusal(status int, text []byte) error {
	var said problem
	if json.Unmarshal(text, &said) != nil || said.Detail == "" {
		return fmt.Errorf("HTTP %d: %s", status, text)
	}
	if strings.HasSuffix(said.Type, ":unmet") {
		return fmt.Errorf("%w: %s", ErrUnmet, said.Detail)
	}
	if said.Next != "" {
		return fmt.Errorf("%s; %s", said.Detail, said.Next)
	}
	return errors.New(said.Detail)
}
