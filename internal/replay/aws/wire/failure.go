package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/aws/smithy-go/encoding/cbor"
)

// An Error is an answer that refuses. It is also a Go error.
type Error struct {
	Code      string // as the service documents it, such as AccessDenied
	Message   string
	Status    int    // of HTTP; 0 is 400
	QueryCode string // its code in the service's former query protocol, if another
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// EncodeError writes an error as the service's clients read it.
func (s *Service) EncodeError(e *Error, requestID string) *Answer {
	status := e.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	a := &Answer{Status: status, Header: http.Header{}}
	requestHeader(s, a.Header, requestID)
	switch {
	case s.json():
		a.Header.Set("Content-Type", "application/json")
		body := map[string]string{"message": e.Message}
		if s.Protocol == restJSON {
			a.Header.Set("X-Amzn-Errortype", e.Code)
		} else {
			a.Header.Set("Content-Type", "application/x-amz-json-1."+s.Protocol[len(s.Protocol)-1:])
			body["__type"] = "com.amazonaws." + s.Name + "#" + e.Code
		}
		a.Body, _ = json.Marshal(body) // a map of strings always marshals
	case s.Protocol == rpcCBOR:
		a.Header.Set("Content-Type", "application/cbor")
		a.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
		a.Body = cbor.Encode(cbor.Map{"__type": cbor.String("com.amazonaws." + s.Name + "#" + e.Code), "message": cbor.String(e.Message)})
	default:
		a.Header.Set("Content-Type", "text/xml")
		a.Body = s.errorXML(e, status, requestID)
	}
	if s.compat {
		code, fault := e.QueryCode, "Sender"
		if code == "" {
			code = e.Code
		}
		if status >= 500 {
			fault = "Receiver"
		}
		a.Header.Set("X-Amzn-Query-Error", code+";"+fault)
	}
	return a
}

func (s *Service) errorXML(e *Error, status int, requestID string) []byte {
	fault := "Sender"
	if status >= 500 {
		fault = "Receiver"
	}
	var b bytes.Buffer
	b.WriteString(xmlHeader)
	code, message, id := text(e.Code), text(e.Message), text(requestID)
	switch {
	case s.Protocol == ec2Query:
		fmt.Fprintf(&b, "<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors><RequestID>%s</RequestID></Response>", code, message, id)
	case s.Name == "s3":
		fmt.Fprintf(&b, "<Error><Code>%s</Code><Message>%s</Message><RequestId>%s</RequestId><HostId>%s</HostId></Error>", code, message, id, id)
	default:
		fmt.Fprintf(&b, "<ErrorResponse><Error><Type>%s</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>%s</RequestId></ErrorResponse>", fault, code, message, id)
	}
	return b.Bytes()
}
