package session

// BufferSize returns the size of the client's buffer.
func BufferSize(c *Client) int { return len(c.buf) }
