package aws

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/quota"
)

// A credential report is made within seconds, and kept for four hours.
const reportTries = 12

// credentialReport is what an account's report says: rows by the user's ARN, the
// root user's among them.
type credentialReport struct {
	rows map[string]map[string]any
	made *time.Time
}

// credentialReport returns the account's credential report; one is made if
// there is none.
func (s *session) credentialReport(ctx context.Context) (credentialReport, error) {
	return shared(ctx, s, "credential report", func() (credentialReport, error) {
		client := s.iam()
		for try := 0; ; try++ {
			out, err := client.GetCredentialReport(ctx, &iam.GetCredentialReportInput{})
			if err == nil {
				rows, err := readReport(out.Content)
				return credentialReport{rows, out.GeneratedTime}, err
			}
			if f := faultOf(err, ""); f.Kind != bulwark.FaultAbsent && code(err) != "ReportInProgress" && code(err) != "ReportExpired" || try >= reportTries {
				return credentialReport{}, err
			}
			made, err := client.GenerateCredentialReport(ctx, &iam.GenerateCredentialReportInput{})
			if err != nil {
				return credentialReport{}, err
			}
			if made.State != types.ReportStateTypeComplete {
				if err := quota.Sleep(ctx, s.estate.backoff(min(try+3, 6))); err != nil {
					return credentialReport{}, err
				}
			}
		}
	})
}

// readReport reads the report's CSV. Columns keep their names; true and false
// are truth values, and what the report has no answer for is left out.
func readReport(content []byte) (map[string]map[string]any, error) {
	r := csv.NewReader(bytes.NewReader(content))
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errAnswer, err)
	}
	columns := append([]string(nil), header...)
	rows := map[string]map[string]any{}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errAnswer, err)
		}
		row := map[string]any{}
		for i, v := range record {
			switch v {
			case "true", "TRUE":
				row[columns[i]] = true
			case "false", "FALSE":
				row[columns[i]] = false
			case "", "N/A", "no_information", "not_supported":
			default:
				row[columns[i]] = v
			}
		}
		if arn, ok := row["arn"].(string); ok {
			rows[arn] = row
		}
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%w: no row has an ARN", errAnswer)
	}
	return rows, nil
}
