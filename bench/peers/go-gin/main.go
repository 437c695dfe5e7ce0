// The kind of API that a blog had before: gin and MongoDB's official driver, no cache. It reads the same
// collections as the api does, asks the same queries and answers the same fields, so that bench/api and
// bench/footprint can put both side by side. Made of Debian's packages by bench/peers/build.
package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"
)

const deadline = 5 * time.Second

type summary struct {
	Path        string     `bson:"path" json:"path"`
	Title       string     `bson:"title" json:"title"`
	Date        string     `bson:"date" json:"date"`
	PublishedAt time.Time  `bson:"published_at" json:"published_at"`
	Updated     *time.Time `bson:"updated" json:"updated,omitempty"`
	Brev        string     `bson:"brev" json:"brev"`
	Tags        []string   `bson:"tags" json:"tags"`
	Series      *string    `bson:"series" json:"series,omitempty"`
	Lang        string     `bson:"lang" json:"lang"`
	Words       int        `bson:"words" json:"words"`
	Minutes     int        `bson:"minutes" json:"minutes"`
}

type heading struct {
	Level int    `bson:"level" json:"level"`
	ID    string `bson:"id" json:"id"`
	Text  string `bson:"text" json:"text"`
}

type post struct {
	summary     `bson:",inline"`
	Description *string   `bson:"description" json:"description,omitempty"`
	Keywords    []string  `bson:"keywords" json:"keywords,omitempty"`
	Outline     []heading `bson:"outline" json:"outline"`
}

type server struct{ posts, current *mongo.Collection }

// release is the one that readers see.
func (s server) release(ctx context.Context) (int64, error) {
	var pointer struct {
		Seq int64 `bson:"seq"`
	}
	err := s.current.FindOne(ctx, bson.M{}).Decode(&pointer)
	return pointer.Seq, err
}

func visible(seq int64) bson.M {
	return bson.M{"since": bson.M{"$lte": seq}, "$or": bson.A{bson.M{"until": nil}, bson.M{"until": bson.M{"$gt": seq}}}}
}

func (s server) list(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), deadline)
	defer cancel()
	limit, err := strconv.ParseInt(c.DefaultQuery("limit", "20"), 10, 64)
	if err != nil || limit < 1 || limit > 100 {
		c.JSON(http.StatusBadRequest, gin.H{"detail": "limit is a number from 1 to 100"})
		return
	}
	seq, err := s.release(ctx)
	if err != nil {
		fail(c, err)
		return
	}
	filter := visible(seq)
	if tag := c.Query("tag"); tag != "" {
		filter["tags"] = tag
	}
	options := options.Find().SetSort(bson.D{{Key: "published_at", Value: -1}, {Key: "path", Value: 1}}).
		SetLimit(limit).SetProjection(bson.M{"text": 0, "outline": 0, "keywords": 0, "description": 0})
	cursor, err := s.posts.Find(ctx, filter, options)
	if err != nil {
		fail(c, err)
		return
	}
	posts := []summary{}
	if err := cursor.All(ctx, &posts); err != nil {
		fail(c, err)
		return
	}
	c.JSON(http.StatusOK, gin.H{"posts": posts})
}

func (s server) one(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), deadline)
	defer cancel()
	seq, err := s.release(ctx)
	if err != nil {
		fail(c, err)
		return
	}
	filter := visible(seq)
	filter["path"] = strings.TrimPrefix(c.Param("path"), "/")
	var found post
	if err := s.posts.FindOne(ctx, filter, options.FindOne().SetProjection(bson.M{"text": 0})).Decode(&found); err != nil {
		fail(c, err)
		return
	}
	c.JSON(http.StatusOK, found)
}

func fail(c *gin.Context, err error) {
	status := http.StatusServiceUnavailable
	if errors.Is(err, mongo.ErrNoDocuments) {
		status = http.StatusNotFound
	}
	c.JSON(status, gin.H{"detail": err.Error()})
}

func main() {
	gin.SetMode(gin.ReleaseMode)
	client, err := mongo.Connect(context.Background(), options.Client().ApplyURI(os.Getenv("MONGODB_URI")))
	if err != nil {
		log.Fatal(err)
	}
	database := client.Database(os.Getenv("MONGODB_DATABASE"))
	s := server{database.Collection("posts"), database.Collection("current")}
	// Ours answers lists from memory, so its loader makes no index for them.
	order := mongo.IndexModel{Keys: bson.D{{Key: "published_at", Value: -1}, {Key: "path", Value: 1}}}
	if _, err := s.posts.Indexes().CreateOne(context.Background(), order); err != nil {
		log.Fatal(err)
	}
	router := gin.New()
	router.Use(gin.Recovery())
	router.GET("/api/v1/posts", s.list)
	router.GET("/api/v1/posts/*path", s.one)
	log.Fatal(router.Run(os.Getenv("LISTEN")))
}
