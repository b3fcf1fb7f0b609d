package admin

import (
	"crypto/sha256"
	"net/url"
	"time"
)

// userBody is what anybody gets to see of a user.
type userBody struct {
	Name    string    `json:"name"`
	Scope   Scope     `json:"scope"`
	Changed time.Time `json:"changed"`
}

func (a *api) logIn(c *call) (any, error) {
	var ask struct {
		User     string `json:"user"`
		Password string `json:"password"`
	}
	if err := c.body(&ask); err != nil {
		return nil, err
	}
	cookie, u, err := a.logins.begin(c.Context(), ask.User, ask.Password, c.peer())
	if err != nil {
		return nil, err
	}
	// The login that the browser had before, if any, is over.
	if c.who != nil && c.who.login != [sha256.Size]byte{} {
		a.logins.end(c.who)
	}
	setCookie(c.w, cookie)
	a.Log.Info("administration login", "user", u.Name, "peer", c.peer().String())
	return userBody{u.Name, u.Scope, u.Changed}, nil
}

// logOut ends the login of the request; without one there is nothing to do.
func (a *api) logOut(c *call) (any, error) {
	if c.who != nil {
		a.logins.end(c.who)
	}
	setCookie(c.w, "")
	return nil, nil
}

func (a *api) session(c *call) (any, error) {
	return struct {
		Name  string `json:"name"`
		Scope Scope  `json:"scope"`
	}{c.who.Name, c.who.Scope}, nil
}

func (a *api) users(*call) (any, error) {
	set, err := a.Store.Settings()
	if err != nil {
		return nil, err
	}
	users := []userBody{}
	for _, u := range set.Users {
		users = append(users, userBody{u.Name, u.Scope, u.Changed})
	}
	return map[string]any{"users": users}, nil
}

func (a *api) addUser(c *call) (any, error) {
	var ask struct {
		Name     string `json:"name"`
		Scope    Scope  `json:"scope"`
		Password string `json:"password"`
	}
	if err := c.body(&ask); err != nil {
		return nil, err
	}
	if err := a.Store.AddUser(c.Context(), ask.Name, ask.Scope, ask.Password); err != nil {
		return nil, err
	}
	return &created{apiPrefix + "/users/" + url.PathEscape(ask.Name), map[string]any{"name": ask.Name, "scope": ask.Scope}}, nil
}

// setPassword is for administrators, and for users who know the password they have.
func (a *api) setPassword(c *call) (any, error) {
	var ask struct {
		Password string `json:"password"`
		Old      string `json:"old"`
	}
	if err := c.body(&ask); err != nil {
		return nil, err
	}
	name := c.PathValue("name")
	if err := c.must(ScopeAdmin); err != nil {
		if c.who.Name != name {
			return nil, err
		}
		// The throttle of logins counts this, too. The login it begins ends with the
		// password, as all logins of the user do.
		if _, _, err := a.logins.begin(c.Context(), name, ask.Old, c.peer()); err != nil {
			return nil, err
		}
	}
	return nil, a.Store.SetPassword(c.Context(), name, ask.Password)
}

func (a *api) removeUser(c *call) (any, error) {
	return nil, a.Store.RemoveUser(c.Context(), c.PathValue("name"))
}

// tokenBody is what anybody gets to see of a token.
type tokenBody struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Scope   Scope     `json:"scope"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"`
}

func (a *api) tokens(*call) (any, error) {
	set, err := a.Store.Settings()
	if err != nil {
		return nil, err
	}
	tokens := []tokenBody{}
	for _, t := range set.Tokens {
		tokens = append(tokens, tokenBody{t.ID, t.Name, t.Scope, t.Created, t.Expires})
	}
	return map[string]any{"tokens": tokens}, nil
}

func (a *api) addToken(c *call) (any, error) {
	var ask struct {
		Name  string `json:"name"`
		Scope Scope  `json:"scope"`
		Days  int    `json:"days"` // 0: for ever
	}
	if err := c.body(&ask); err != nil {
		return nil, err
	}
	const century = 36500
	if ask.Days < 0 || ask.Days > century {
		return nil, invalid("a token for that many days", "0 (for ever) to 36500", "choose another number of days")
	}
	token, t, err := a.Store.AddToken(c.Context(), ask.Name, ask.Scope, time.Duration(ask.Days)*24*time.Hour)
	if err != nil {
		return nil, err
	}
	return &created{apiPrefix + "/tokens/" + t.ID, struct {
		tokenBody
		Token string `json:"token"`
	}{tokenBody{t.ID, t.Name, t.Scope, t.Created, t.Expires}, token}}, nil
}

func (a *api) removeToken(c *call) (any, error) {
	return nil, a.Store.RemoveToken(c.Context(), c.PathValue("id"))
}
