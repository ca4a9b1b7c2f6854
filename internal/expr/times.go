package expr

import (
	"time"

	"cel.dev/cel-go/common/types"
)

// instant is a point in time as a linear function of now: t is its value at
// the run's now, and moves moves it by as much as now moves. Comparing one
// that moves with one that does not tells when the answer will flip.
type instant struct {
	types.Timestamp
	moves int8
	run   *Run
}

// span is a duration in the same form.
type span struct {
	types.Duration
	moves int8
	run   *Run
}

func (a val) timeOf() (t time.Time, d time.Duration, moves int8) {
	switch x := a.r.(type) {
	case instant:
		return x.Time, 0, x.moves
	case types.Timestamp:
		return x.Time, 0, 0
	case span:
		return time.Time{}, x.Duration.Duration, x.moves
	case types.Duration:
		return time.Time{}, x.Duration, 0
	}
	return
}

func (r *Run) compareTimes(a, b val) (int, tri) {
	ta, da, ma := a.timeOf()
	tb, db, mb := b.timeOf()
	c, diff := 0, time.Duration(0)
	if a.class() == cTime {
		c, diff = ta.Compare(tb), ta.Sub(tb)
	} else {
		c, diff = sign(da < db, da > db), da-db
	}
	if m := ma - mb; m != 0 && r != nil {
		// diff + m·(x − now) is 0 at x.
		x := r.Now.Add(-diff / time.Duration(m))
		if x.Equal(r.Now) {
			x = x.Add(1)
		}
		r.flips(x)
	}
	return c, yes
}

// flips notes that an answer may change at t.
func (r *Run) flips(t time.Time) {
	if r != nil && t.After(r.Now) && (r.until.IsZero() || t.Before(r.until)) {
		r.until = t
	}
}

// shift adds to or takes from a time or duration.
func (r *Run) shift(a, b val, by int8) val {
	ca, cb := a.class(), b.class()
	ta, da, ma := a.timeOf()
	tb, db, mb := b.timeOf()
	moves := ma + by*mb
	switch {
	case ca == cTime && cb == cDuration:
		t := ta.Add(time.Duration(by) * db)
		if t.Year() < 1 || t.Year() > 9999 {
			return errVal("time out of range")
		}
		return val{r: instant{types.Timestamp{Time: t}, moves, r}}
	case ca == cTime && cb == cTime && by < 0:
		return val{r: span{types.Duration{Duration: ta.Sub(tb)}, moves, r}}
	case ca == cDuration && cb == cDuration:
		return val{r: span{types.Duration{Duration: da + time.Duration(by)*db}, moves, r}}
	case ca == cDuration && cb == cTime && by > 0:
		return val{r: instant{types.Timestamp{Time: tb.Add(da)}, moves, r}}
	}
	return errVal(ca.String() + " and " + cb.String() + " do not add")
}
