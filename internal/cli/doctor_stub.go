package cli

import "github.com/spf13/cobra"

func (e *env) doctor() *cobra.Command { return &cobra.Command{Use: "doctor"} }
func (e *env) test() *cobra.Command   { return &cobra.Command{Use: "test"} }
