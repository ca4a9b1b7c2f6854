package aws

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"time"

	accessanalyzertypes "github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// filler makes values in which every member is set, from a seed.
type filler struct {
	*rand.Rand
	depth int // below which no structure is set
}

func newFiller(seed uint64) *filler {
	return &filler{Rand: rand.New(rand.NewPCG(seed, 1)), depth: 7}
}

// unions has one member of some unions, one for each way of writing them; the
// others stay nil.
var unions = map[reflect.Type]reflect.Type{
	reflect.TypeFor[accessanalyzertypes.AnalyzerConfiguration](): reflect.TypeFor[accessanalyzertypes.AnalyzerConfigurationMemberUnusedAccess](),
	reflect.TypeFor[cloudwatchtypes.EvaluationCriteria]():        reflect.TypeFor[cloudwatchtypes.EvaluationCriteriaMemberPromQLCriteria](),
	reflect.TypeFor[cloudwatchtypes.EvaluationWindow]():          reflect.TypeFor[cloudwatchtypes.EvaluationWindowMemberSlidingWindow](),
}

// fill sets v; recursive types end at the filler's depth.
func (f *filler) fill(v reflect.Value, depth int) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Unix(1_600_000_000+f.Int64N(1e8), 0).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.Interface:
		if t := unions[v.Type()]; t != nil {
			p := reflect.New(t)
			f.fill(p.Elem(), depth+1)
			v.Set(p)
		}
	case reflect.Pointer:
		if depth >= f.depth && isStructure(v.Type().Elem()) {
			return
		}
		p := reflect.New(v.Type().Elem())
		f.fill(p.Elem(), depth+1)
		v.Set(p)
	case reflect.Struct:
		for i := range v.NumField() {
			if t := v.Type().Field(i); t.IsExported() && t.Name != "ResultMetadata" {
				f.fill(v.Field(i), depth+1)
			}
		}
	case reflect.Slice:
		f.fillSlice(v, depth)
	case reflect.Map:
		if depth >= f.depth {
			return
		}
		m := reflect.MakeMap(v.Type())
		for range 2 {
			k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			k.SetString(strings.ToLower(f.word())) // as metadata headers are read
			f.fill(e, depth+1)
			m.SetMapIndex(k, e)
		}
		v.Set(m)
	case reflect.String:
		v.SetString(f.word())
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32, reflect.Int64, reflect.Int16, reflect.Int8, reflect.Int:
		v.SetInt(1 + f.Int64N(100))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(f.IntN(1000)) / 8)
	}
}

func isStructure(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]()
}

func (f *filler) fillSlice(v reflect.Value, depth int) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		v.SetBytes([]byte(f.word()))
		return
	}
	if depth >= f.depth && isStructure(v.Type().Elem()) {
		return
	}
	s := reflect.MakeSlice(v.Type(), 2, 2)
	for i := range 2 {
		f.fill(s.Index(i), depth+1)
	}
	v.Set(s)
}

// word has what protocols must escape.
func (f *filler) word() string {
	const tails = `abc<&"é' /`
	return fmt.Sprintf("w%d%s-x", f.IntN(1e6), string([]rune(tails)[:3+f.IntN(7)]))
}
