package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bulwarksec/bulwark/internal/api"
)

type scoreFlags struct {
	sourceFlags
	output, control string
	limit           int
}

func explainScoreCommand() *cobra.Command {
	var f scoreFlags
	cmd := &cobra.Command{
		Use:   "score [SCOPE]",
		Short: "Account for every point of the secure score",
		Long: "Accounts for every point of the secure score, of everything or of a scope: what each control can\n" +
			"give and gives, which assets lose how much by which checks, what is left out and why, and what\n" +
			"mending each check alone would give. The columns add up to the score to the last digit.",
		Example: "  bulwark scan iac . --save scan.json\n  bulwark explain score --from scan.json\n" +
			"  bulwark explain score aws/123456789012 --control enable-mfa --limit 100",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	cmd.Flags().StringVarP(&f.output, "output", "o", "table", "table or json")
	cmd.Flags().StringVar(&f.control, "control", "", "id of a control: only its assets and checks (the sums stay those of all)")
	cmd.Flags().IntVar(&f.limit, "limit", 10, "assets of each control, at most 1000")
	f.register(cmd, true)
	return cmd
}

func (f *scoreFlags) run(cmd *cobra.Command, args []string) error {
	if err := tableOrJSON(f.output); err != nil {
		return err
	}
	s, err := f.open(cmd, false)
	if err != nil {
		return err
	}
	err = func() error {
		query := url.Values{"detail": {"true"}, "limit": {strconv.Itoa(f.limit)}}
		for _, scope := range args {
			query.Add("scope", scope)
		}
		data, err := s.Bytes(cmd.Context(), "GET", "/score", query, nil)
		if err != nil {
			return fmt.Errorf("explain score: %w", err)
		}
		if f.output == "json" {
			return writeJSON(cmd, json.RawMessage(data))
		}
		var e api.Explanation
		if err := json.Unmarshal(data, &e); err != nil {
			return err
		}
		f.show(cmd.OutOrStdout(), &e)
		return nil
	}()
	return errors.Join(err, s.Close())
}

func (f *scoreFlags) show(w io.Writer, e *api.Explanation) {
	if e.Ratio == nil {
		fmt.Fprintln(w, "There is no score: no asset is healthy or unhealthy in a control that counts.")
		f.showLeftOut(w, e)
		return
	}
	fmt.Fprintf(w, "Secure score %s %%: %s of %s points\n\n", points(*e.Ratio*100), points(e.Current), points(e.Max))
	gain := showControls(w, e)
	if len(e.Scopes) > 1 {
		showScopes(w, e)
	}
	f.showLosing(w, e, gain)
	f.showLeftOut(w, e)
	f.showGains(w, e)
}

// unit is the last digit of points that is shown.
const unit = 1e-4

func points(p float64) string { return inUnits(int64(math.Round(p / unit))) }

func inUnits(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%04d", sign, n/10000, n%10000)
}

// apportion rounds parts to units so that they add up to the rounded whole:
// those that rounding down cuts most are rounded up. No part is off by a unit
// or more.
func apportion(parts []float64, whole float64) []int64 {
	out := make([]int64, len(parts))
	order := make([]int, len(parts))
	left := int64(math.Round(whole / unit))
	cut := make([]float64, len(parts))
	for i, p := range parts {
		exact := math.Round(p/unit*1e6) / 1e6 // what is whole but for the arithmetic is whole
		out[i] = int64(math.Floor(exact))
		cut[i], order[i] = exact-math.Floor(exact), i
		left -= out[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(cut[b], cut[a]) })
	for _, i := range order {
		if left > 0 && cut[i] > 0 {
			out[i]++
			left--
		}
	}
	return out
}

// showControls prints the account of the points: the columns MAX, POINTS and
// TO GAIN add up. It returns what each control may gain, in units.
func showControls(w io.Writer, e *api.Explanation) map[string]int64 {
	gain := map[string]int64{}
	var current, most []float64
	for _, c := range e.Controls {
		current, most = append(current, c.Current), append(most, c.Max)
	}
	got, can := apportion(current, e.Current), apportion(most, e.Max)
	var rows [][]string
	var sumGot, sumCan, sumLost int64
	for i, c := range e.Controls {
		if !c.Counted {
			continue
		}
		row := []string{c.Title, inUnits(can[i]), strconv.FormatInt(c.Healthy, 10), strconv.FormatInt(c.Unhealthy, 10), strconv.FormatInt(c.Unknown, 10), strconv.FormatInt(c.NotApplicable, 10),
			"", inUnits(got[i]), inUnits(can[i] - got[i])}
		if len(e.Scopes) == 1 {
			row[6] = fmt.Sprintf("%d ÷ %d = %s", c.Points, c.Healthy+c.Unhealthy, points(float64(c.Points)/float64(c.Healthy+c.Unhealthy)))
		}
		rows = append(rows, row)
		gain[c.ID] = can[i] - got[i]
		sumGot, sumCan, sumLost = sumGot+got[i], sumCan+can[i], sumLost+can[i]-got[i]
	}
	rows = append(rows, []string{"Sum", inUnits(sumCan), "", "", "", "", "", inUnits(sumGot), inUnits(sumLost)})
	headers := []string{"CONTROL", "MAX", "HEALTHY", "UNHEALTHY", "UNKNOWN", "N/A", "AN ASSET", "POINTS", "TO GAIN"}
	if len(e.Scopes) != 1 {
		for i := range rows {
			rows[i] = slices.Delete(rows[i], 6, 7)
		}
		headers = slices.Delete(headers, 6, 7)
	}
	printNumbers(w, headers, rows)
	if len(e.Scopes) == 1 {
		fmt.Fprintln(w, "\nPoints are an asset's worth × the healthy ones. Unknown and not applicable (N/A) assets are in neither count;")
		fmt.Fprintln(w, "a control without a healthy or unhealthy asset is in no sum.")
	} else {
		fmt.Fprintln(w, "\nPoints of several scopes are weighted by their assets; one scope's own account is `bulwark explain score SCOPE`.")
	}
	return gain
}

// printNumbers is printTable with all columns but the first to the right.
func printNumbers(w io.Writer, headers []string, rows [][]string) {
	all := append([][]string{headers}, rows...)
	for col := 1; col < len(headers); col++ {
		width := 0
		for _, r := range all {
			width = max(width, len([]rune(r[col])))
		}
		for _, r := range all {
			r[col] = strings.Repeat(" ", width-len([]rune(r[col]))) + r[col]
		}
	}
	printTable(w, headers, rows)
}

// showScopes prints how the scopes' ratios make the whole one.
func showScopes(w io.Writer, e *api.Explanation) {
	fmt.Fprintln(w, "\nScopes: the score is the mean of theirs, weighted by their assets that count")
	var rows [][]string
	weights, sum := int64(0), 0.0
	for _, s := range e.Scopes {
		if s.Ratio == nil {
			rows = append(rows, []string{"  " + s.Scope, "none", "", "", "0"})
			continue
		}
		weights += s.Weight
		sum += *s.Ratio * float64(s.Weight)
		rows = append(rows, []string{"  " + s.Scope, points(*s.Ratio*100) + " %", points(s.Current), points(s.Max), strconv.FormatInt(s.Weight, 10)})
	}
	if weights > 0 {
		rows = append(rows, []string{"  Together", points(sum/float64(weights)*100) + " %", "", "", strconv.FormatInt(weights, 10)})
	}
	printNumbers(w, []string{"  SCOPE", "SCORE", "POINTS", "MAX", "WEIGHT"}, rows)
}

func (f *scoreFlags) wants(control string) bool { return f.control == "" || f.control == control }

// showLosing prints the unhealthy assets and the checks that make them so.
func (f *scoreFlags) showLosing(w io.Writer, e *api.Explanation, gain map[string]int64) {
	for _, c := range e.Controls {
		if c.LosingTotal == 0 || !f.wants(c.ID) {
			continue
		}
		fmt.Fprintf(w, "\n%s: %d unhealthy assets lose %s points\n", c.Title, c.LosingTotal, inUnits(gain[c.ID]))
		var rows [][]string
		for _, l := range c.Losing {
			rows = append(rows, []string{"  " + points(l.Points), l.Asset, strings.Join(l.Checks, ", ")})
		}
		if len(rows) > 0 {
			printTable(w, []string{"  LOSES", "ASSET", "BY"}, rows)
		}
		if more := c.LosingTotal - int64(len(c.Losing)); more > 0 {
			fmt.Fprintf(w, "  and %d more: --limit %d shows them\n", more, min(1000, c.LosingTotal))
		}
	}
}

var whyLeftOut = map[string]string{
	"unknown":    "could not be judged: neither healthy nor unhealthy",
	"waiver":     "accepted as a waiver: neither healthy nor unhealthy",
	"mitigated":  "accepted as mitigated: counts as healthy",
	"preview":    "the check is in preview: shown, never counted",
	"custom":     "the check is your own: shown, never counted",
	"no control": "the check is in no control of the score",
}

func (f *scoreFlags) showLeftOut(w io.Writer, e *api.Explanation) {
	var rows [][]string
	for _, l := range e.LeftOut {
		if f.wants(l.Control) {
			rows = append(rows, []string{"  " + strconv.FormatInt(l.Assets, 10), l.Check, whyLeftOut[l.Why]})
		}
	}
	if len(rows) > 0 {
		fmt.Fprintln(w, "\nLeft out")
		printTable(w, []string{"  ASSETS", "CHECK", "WHY"}, rows)
	}
}

func (f *scoreFlags) showGains(w io.Writer, e *api.Explanation) {
	var rows [][]string
	for _, g := range e.Gains {
		if f.wants(g.Control) {
			rows = append(rows, []string{"  " + points(g.Points), points(g.Ratio*100) + " %", strconv.FormatInt(g.Assets, 10), g.Check, g.Title})
		}
	}
	if len(rows) > 0 {
		fmt.Fprintln(w, "\nWhat mending one check everywhere would give, and the score then")
		printTable(w, []string{"  POINTS", "SCORE", "ASSETS", "CHECK", "TITLE"}, rows)
		fmt.Fprintln(w, "\nOne that gives nothing alone fails only where others of its control fail too, or its control has no points.")
	}
}
