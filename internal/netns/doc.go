// Package netns gives tests a network of their own, on Linux.
package netns
