// Package packaging holds no code, only the test of what is beside it: the systemd
// unit, the container file, and what makes the deb, the rpm and their manual pages.
// README.md tells how to use them.
package packaging
