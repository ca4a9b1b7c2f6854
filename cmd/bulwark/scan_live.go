package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/quota"
)

// scanLiveCommand judges what a provider's API tells, once.
func scanLiveCommand(k *kind) *cobra.Command {
	var flags scanFlags
	var live liveFlags
	cmd := &cobra.Command{
		Use:   k.name,
		Short: "Judge " + k.title + " by its API, only reading",
		Long: "Judges " + k.title + " once, by its API, with the credentials of this shell; it only reads. Tells how many\n" +
			"calls it made and what it could not read. With --save, a later run with --baseline reports only what is new.",
		Example: fmt.Sprintf("  bulwark scan %[1]s --save today.json\n  bulwark scan %[1]s --baseline today.json --fail-on high", k.name),
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, secret, err := live.read(cmd)
			if err != nil {
				return err
			}
			limiter := quota.NewLimiter()
			return flags.scanAnd(cmd, func(loaded *pipeline.Loaded) ([]pipeline.Gatherer, error) {
				g, err := k.build(localDeps(k.name, loaded, limiter), config, secret)
				return []pipeline.Gatherer{g}, err
			}, func(r *bulwark.Report) {
				throttled := ""
				if n := limiter.Throttled(); n > 0 {
					throttled = fmt.Sprintf(" (%d throttled and repeated)", n)
				}
				fmt.Fprintf(cmd.ErrOrStderr(), "%s%s, %s\n", counted(limiter.Calls(), "API call"), throttled, counted(int64(len(r.Gaps)), "gap"))
			})
		},
	}
	flags.register(cmd)
	live.register(cmd, k)
	return cmd
}

// localDeps are what a provider is given by the person who runs this process.
func localDeps(connector string, loaded *pipeline.Loaded, limiter *quota.Limiter) deps {
	return deps{connector: connector, types: loaded.Content.Types, limiter: limiter, now: time.Now, local: true}
}
